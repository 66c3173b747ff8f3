import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PublishedFamily } from '../../helpers/published-family.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-qwen3-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** Written by tools/reference/qwen3_vl_fixtures.py with the published code: transformers 4.57.6. */
const family = new PublishedFamily(new URL('../../fixtures/qwen3-vl/', import.meta.url), () => home)

test.each(['by-rate', 'many-seconds', 'more-slices', 'portrait', 'wide-odd', 'shrunk', 'picture'])(
  '%s equals the published code at every stage',
  (name) => family.compare(name),
)

test('the case of more slices than rows or columns is one', () => {
  const { trace } = family.expected('more-slices')
  // Two patches along each side of a token.
  expect(trace.grid).toEqual([8, 4, 6])
  expect(trace.indices).toHaveLength(15)
})

test('every slice stands after its time, and starts anew at the position after it', () => {
  const { trace, tensors } = family.expected('many-seconds')
  const positions = new Int32Array(tensors.bytes('positions').slice().buffer)
  const rows = trace.tokens.flatMap((token, i) => (token === -1 ? [i] : []))
  expect(rows).toHaveLength(8)
  // One row per slice, so that positions are those of text.
  expect(rows.map((at) => positions[at])).toEqual(rows)
})

test('with a LoRA adapter it equals the published code with PEFT', async () => {
  const adapted = new PublishedFamily(new URL('../../fixtures/qwen3-vl/', import.meta.url), () => home, 'qwen3-vl')
  await adapted.compare('qwen3-vl')
})

// With weights in fewer bits, errors of a tower of random weights are larger than those of a trained one.
test.each([
  ['f16', 0.999],
  ['int8', 0.95],
  ['int4', 0.4],
] as const)('the tower in %s gives nearly the same rows, and the import has measured it', async (vision, least) => {
  await family.compareTower('by-rate', vision, least)
})

test.each([
  ['q8_0', 'f16'],
  ['q4_k_m', 'int8'],
] as const)('in %s and %s it describes a clip, finds it in the cache again, and times what it says', async (language, vision) => {
  const model = await family.imported(family.expected('shrunk').trace.checkpoint, language, vision)
  await family.describeAndTime('shrunk', model, { rows: 8, perFrame: 1, slices: 4 })
})
