import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { towerForm } from '../../../src/engine/families/families.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { modelsFolder } from '../../../src/engine/models/registry.ts'
import { TowerSession } from '../../../src/engine/vision/tower-session.ts'
import { pixelsInput } from '../../../src/engine/vision/tower-trial.ts'
import { relative } from '../../helpers/parity.ts'
import { PublishedFamily } from '../../helpers/published-family.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-qwen25-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** Written by tools/reference/qwen2_5_vl_fixtures.py with the published code: transformers 4.49.0 and qwen-vl-utils 0.0.10. */
const family = new PublishedFamily(new URL('../../fixtures/qwen2-5-vl/', import.meta.url), () => home)

test.each(['by-rate', 'long', 'portrait', 'uneven', 'wide-odd', 'picture'])('%s equals the published code at every stage', (name) =>
  family.compare(name),
)

test('text after a clip with more positions in time than rows and columns follows the last of them', () => {
  const { trace, tensors } = family.expected('long')
  const [t, h, w] = trace.grid
  const at = trace.tokens.lastIndexOf(-1)
  const positions = new Int32Array(tensors.bytes('positions').slice().buffer)
  // Eight slices, five positions apart, and text after them: the fixture would not tell otherwise.
  expect(positions[at]).toBe((positions[trace.tokens.indexOf(-1)] ?? 0) + 35)
  expect(t).toBeGreaterThan(Math.max(h, w) / 2)
  expect(positions[at + 1]).toBe((positions[at] ?? 0) + 1)
})

test('with a LoRA adapter it equals the published code with PEFT', async () => {
  const adapted = new PublishedFamily(new URL('../../fixtures/qwen2-5-vl/', import.meta.url), () => home, 'qwen2-5-vl')
  await adapted.compare('qwen2-5-vl')
})

// With weights in fewer bits, errors of a tower of random weights are larger than those of a trained one.
test.each([
  ['f16', 0.999],
  ['int8', 0.95],
  ['int4', 0.4],
] as const)('the tower in %s gives nearly the same rows, and the import has measured it', async (vision, least) => {
  await family.compareTower('by-rate', vision, least)
})

test('a device without fused attention computes the same rows within windows', async () => {
  const { trace } = family.expected('by-rate')
  const directory = join(modelsFolder(home), await family.imported(trace.checkpoint, 'f32', 'f32'))
  const manifest = await readManifest(directory)
  const form = towerForm(manifest)
  const rows = async (attention: 'fused' | 'plain') => {
    const session = await TowerSession.open(join(directory, manifest.vision.file), { device: 'cpu', attention, threads: 1, mapped: false })
    try {
      // Two slices of 10 by 14 patches: windows reach beyond the grid.
      const data = Float32Array.from({ length: 2 * 140 * 2 * 3 * 14 * 14 }, (_, i) => Math.sin(i * i))
      const { output } = await session.run([pixelsInput(data, 2, 140), ...form.furtherInputs(10, 14)])
      return output.data
    } finally {
      await session.close()
    }
  }
  expect(relative(await rows('plain'), await rows('fused'))).toBeLessThan(1e-5)
})

test.each([
  ['q8_0', 'f16'],
  ['q4_k_m', 'int8'],
] as const)('in %s and %s it describes a clip, finds it in the cache again, and times what it says', async (language, vision) => {
  const model = await family.imported(family.expected('long').trace.checkpoint, language, vision)
  // One score for each slice of two frames.
  await family.describeAndTime('long', model, { rows: 48, perFrame: 3, slices: 8 })
})
