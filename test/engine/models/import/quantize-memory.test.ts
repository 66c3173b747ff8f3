import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { verifyModel } from '../../../../src/engine/models/manifest.ts'
import { writeRandomCheckpoint } from '../../../../tools/bench/random-model.ts'
import { MemoryGroup, NO_MEMORY_GROUP } from '../../../helpers/memory-group.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { runCli } from '../../cli/run-cli.ts'

/** Enough for everything but the quantizer, which needs 300 MB. */
const BYTES = 330_000_000
const signal = new AbortController().signal
const vision = { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 }
const small = { width: 512, feedForward: 512, heads: 4, keyValueHeads: 2, layers: 1, vision }

let scratch: ScratchFolder
beforeAll(async () => {
  scratch = await ScratchFolder.make()
})
afterAll(() => scratch[Symbol.asyncDispose]())

it('quantizing does not start when memory is too small: an error says so, and nothing is left', async ({ skip }) => {
  const source = scratch.path('source')
  await writeRandomCheckpoint(source, small)
  const models = scratch.path('models')
  const args = ['models', 'import', source, '--name', 'm', '--language', 'q4_k_m', '--vision', 'f32', '--home', scratch.directory]
  {
    using group = MemoryGroup.make(BYTES)
    if (group === null) return skip(NO_MEMORY_GROUP)
    const { code, stderr } = await runCli(args, { around: (command) => group.around(command) })
    expect(stderr).toMatch(/Quantizing the language model takes 300 MB of memory, but only [12]\d\d MB are free\. Close .*q8_0/)
    expect(code).toBe(1)
  }
  expect(existsSync(models)).toBe(false)
  const options = { name: 'm', language: 'q4_k_m', vision: 'f32', signal } as const
  await verifyModel(await importCheckpoint(source, { ...options, home: scratch.directory }), signal)
  expect(await readdir(models)).toEqual(['m'])
})
