import { existsSync, readFileSync } from 'node:fs'
import { chmod, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { quantizeLanguage } from '../../../../src/engine/models/import/quantize-language.ts'
import { verifyModel } from '../../../../src/engine/models/manifest.ts'
import { writeRandomCheckpoint } from '../../../../tools/bench/random-model.ts'
import { MemoryGroup, NO_MEMORY_GROUP } from '../../../helpers/memory-group.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { runCli } from '../../cli/run-cli.ts'
import { tinyModel } from '../../language/tiny-model.ts'

/** Enough for everything but the quantizer, which needs 569 MB. */
const BYTES = 540_000_000
const signal = new AbortController().signal
const vision = { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 }
const small = { width: 512, feedForward: 512, heads: 4, keyValueHeads: 2, layers: 1, vision }

let scratch: ScratchFolder
beforeAll(async () => {
  scratch = await ScratchFolder.make()
})
afterAll(() => scratch[Symbol.asyncDispose]())

it('quantizing does not start when memory is too small: an error says so, finished files remain, and the import resumes once there is enough', async ({
  skip,
}) => {
  const source = scratch.path('source')
  await writeRandomCheckpoint(source, small)
  const models = scratch.path('models')
  const args = ['models', 'import', source, '--name', 'm', '--language', 'q4_k_m', '--vision', 'f32', '--home', scratch.directory]
  {
    using group = MemoryGroup.make(BYTES)
    if (group === null) return skip(NO_MEMORY_GROUP)
    const { code, stderr } = await runCli(args, { around: (command) => group.around(command) })
    expect(stderr).toMatch(/Quantizing the language model takes 569 MB of memory, but only [1-4]\d\d MB are free\. Close .*q8_0/)
    expect(code).toBe(1)
  }
  const [folder = '', ...more] = await readdir(models)
  expect(more).toEqual([])
  expect(folder).toMatch(/^\./)
  expect((await readdir(join(models, folder))).sort()).toEqual(['journal.json', 'language-f16.gguf'])
  const { begun } = JSON.parse(await readFile(join(models, folder, 'journal.json'), 'utf8'))
  expect(begun).toMatchObject({ file: 'language-f16.gguf', bytes: (await readFile(join(models, folder, 'language-f16.gguf'))).length })

  const titles: string[] = []
  const options = { name: 'm', language: 'q4_k_m', vision: 'f32', signal } as const
  const onProgress = ({ title }: { title: string }) => titles.push(title)
  const directory = await importCheckpoint(source, { ...options, home: scratch.directory, onProgress })
  expect(titles[0]).toBe('checking files of the previous import')
  expect(titles).not.toContain('writing the language model')
  const manifest = await verifyModel(directory, signal)
  expect(await readdir(models)).toEqual(['m'])
  const whole = await importCheckpoint(source, { ...options, home: scratch.path('other') })
  expect(manifest).toEqual(await verifyModel(whole, signal))
})

/** Limits the data memory of the next child processes, and records their process id. */
async function limited<T>(kilobytes: number | 'unlimited', work: (pid: () => number) => Promise<T>): Promise<T> {
  const noted = scratch.path('pid')
  const lines = ['#!/bin/sh', `echo $$ > '${noted}'`, `ulimit -d ${kilobytes}`, `exec '${process.execPath}' "$@"`]
  const wrapper = await scratch.write('limited.sh', `${lines.join('\n')}\n`)
  await chmod(wrapper, 0o755)
  const node = process.execPath
  // The executable that `fork` runs.
  process.execPath = wrapper
  try {
    return await work(() => Number(readFileSync(noted, 'utf8')))
  } finally {
    process.execPath = node
  }
}

/** The system's status of a process; empty before its start and after its end. */
function statusOf(pid: () => number): string {
  try {
    return readFileSync(`/proc/${pid()}/status`, 'utf8')
  } catch {
    return ''
  }
}

// `ulimit -d` limits the memory of a process only on Linux.
it.skipIf(process.platform !== 'linux')('quantizing that runs out of memory fails with out-of-memory and leaves no file', async () => {
  const source = scratch.path('large')
  // Two tables of 24 million numbers: each has 98 MB in 32 bits.
  await writeRandomCheckpoint(source, { ...small, untied: { vocabulary: 48_000 } })
  const model = await importCheckpoint(source, { name: 'l', language: 'f16', vision: 'f32', home: scratch.path('large-home'), signal })
  const from = join(model, 'language.gguf')
  const to = scratch.path('quantized.gguf')

  let kilobytes = 0
  await limited('unlimited', async (pid) => {
    // Polls instead of using progress: with so small a model the process may have ended when the progress arrives.
    const timer = setInterval(() => {
      const status = statusOf(pid)
      kilobytes = Math.max(kilobytes, Number(/^VmData:\s*(\d+) kB/m.exec(status)?.[1] ?? 0))
    }, 5)
    try {
      await quantizeLanguage(tinyModel, to, { precision: 'q4_k_m', signal })
    } finally {
      clearInterval(timer)
    }
  })
  expect(kilobytes).toBeGreaterThan(10_000)
  await limited(kilobytes + 48_000, async () => {
    await quantizeLanguage(tinyModel, to, { precision: 'q4_k_m', signal })
    const failing = quantizeLanguage(from, to, { precision: 'q4_k_m', signal })
    await expect(failing).rejects.toMatchObject({ code: 'out-of-memory', message: expect.stringContaining('import again') })
  })
  expect(existsSync(to)).toBe(false)
  await quantizeLanguage(from, to, { precision: 'q4_k_m', signal })
  expect(existsSync(to)).toBe(true)
})
