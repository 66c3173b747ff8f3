import { fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ImportOptions, importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { readManifest, verifyModel } from '../../../../src/engine/models/manifest.ts'
import { listModels } from '../../../../src/engine/models/registry.ts'
import type { Progress } from '../../../../src/shared/engine-events.ts'
import { writeRandomCheckpoint } from '../../../../tools/bench/random-model.ts'
import { ended } from '../../../helpers/child-processes.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../../helpers/small-disk.ts'
import { imitateWindowsFiles } from '../../../helpers/windows-files.ts'
import { CLI } from '../../cli/run-cli.ts'

const RESUMING = 'checking files of the previous import'
/** Progress after the journal was written. */
const NOTED = 0.75

let scratch: ScratchFolder
let source: string
let reference: Awaited<ReturnType<typeof readManifest>>
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  source = scratch.path('source')
  // 100 MB in 32 bits, so that the journal, which is written every 64 MiB, is written before the end.
  const vision = { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 }
  await writeRandomCheckpoint(source, { layers: 5, width: 512, feedForward: 1536, heads: 4, keyValueHeads: 2, vision })
  reference = await readManifest(await importModel('m', { home: scratch.path('reference') }))
})
afterAll(() => scratch[Symbol.asyncDispose]())

const models = () => join(scratch.directory, 'models')
const hidden = async () => (await readdir(models())).filter((name) => name.startsWith('.'))
beforeEach(async () => {
  await rm(models(), { recursive: true, force: true })
  await mkdir(models())
})

/** The language model contains its name, so only imports of the same name are equal. */
async function expectWhole(name: string): Promise<void> {
  const manifest = await verifyModel(join(models(), name), new AbortController().signal)
  if (name === reference.name) expect(manifest).toEqual(reference)
  else expect(manifest.vision).toEqual(reference.vision)
  expect((await readdir(join(models(), name))).sort()).toEqual(['language.gguf', 'tarsier-model.json', 'vision.onnx'])
}

function importModel(name: string, options: Partial<ImportOptions> = {}): Promise<string> {
  const { home = scratch.directory, signal = new AbortController().signal } = options
  return importCheckpoint(source, { language: 'f32', vision: 'f32', ...options, name, home, signal })
}

/** An import that is aborted after part of its language model is in the journal. */
async function stopped(name: string): Promise<void> {
  const abort = new AbortController()
  const onProgress = ({ value }: Progress) => void (value > NOTED && abort.abort())
  const before = (await hidden()).length
  await expect(importModel(name, { signal: abort.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
  expect(await hidden()).toHaveLength(before + 1)
}

/** Imports the model and returns whether the import resumed; the model must be right either way. */
async function importResumes(name: string): Promise<boolean> {
  const titles = new Set<string>()
  await importModel(name, { onProgress: ({ title }) => titles.add(title) })
  await expectWhole(name)
  expect(await hidden()).toEqual([])
  return titles.has(RESUMING)
}

describe('a killed import', () => {
  it('resumes, and was never listed', async () => {
    const args = ['models', 'import', source, '--name', 'm', '--language', 'f32', '--vision', 'f32', '--home', scratch.directory]
    const child = fork(CLI, args, { execArgv: [], stdio: 'ignore' })
    const noted = async () => {
      for (const name of await hidden()) if (existsSync(join(models(), name, 'journal.json'))) return name
      return null
    }
    let folder = await noted()
    for (; folder === null; folder = await noted()) {
      expect(child.exitCode, 'it ended before it noted anything').toBeNull()
      expect((await listModels(scratch.directory)).map(({ name }) => name)).not.toContain('m')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    child.kill('SIGKILL')
    if (child.pid !== undefined) await ended(child.pid)
    expect(JSON.parse(readFileSync(join(models(), folder, 'journal.json'), 'utf8')).begun.bytes).toBeGreaterThan(0)
    expect((await listModels(scratch.directory)).map(({ name }) => name)).not.toContain('m')
    expect(await importResumes('m')).toBe(true)
  })
})

describe('an aborted import', () => {
  it('resumes', async () => {
    await stopped('m')
    expect(await importResumes('m')).toBe(true)
  })

  it('resumes with the tower after a finished language model', async () => {
    const abort = new AbortController()
    const onProgress = ({ title }: Progress) => void (title.includes('tower') && abort.abort())
    await expect(importModel('m', { signal: abort.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
    const titles: string[] = []
    await importModel('m', { onProgress: ({ title }) => titles.push(title) })
    expect(titles[0]).toBe('writing the vision tower')
    await expectWhole('m')
  })

  it.each<[string, (folder: string) => Promise<unknown>]>([
    [
      'a byte of a written file changed',
      async (folder) => {
        const file = await open(join(folder, 'language.gguf'), 'r+')
        await file.write(Buffer.of(1), 0, 1, 20_000_000)
        await file.close()
      },
    ],
    ['a written file became shorter', (folder) => writeFile(join(folder, 'language.gguf'), 'short')],
    ['the journal is damaged', (folder) => writeFile(join(folder, 'journal.json'), '{"format":1')],
    ['the journal has another format', (folder) => writeFile(join(folder, 'journal.json'), '{"format":2}')],
    [
      'the journal names a file outside the folder',
      async (folder) => {
        const path = join(folder, 'journal.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace('language.gguf', '../whole/language.gguf'))
      },
    ],
    [
      'the journal has impossible numbers',
      async (folder) => {
        const path = join(folder, 'journal.json')
        const journal = JSON.parse(await readFile(path, 'utf8'))
        await writeFile(path, JSON.stringify({ ...journal, begun: { ...journal.begun, tensors: 2 ** 40 } }))
      },
    ],
  ])('starts over when %s', async (_, damage) => {
    await stopped('m')
    const [folder = ''] = await hidden()
    await damage(join(models(), folder))
    await importModel('m')
    await expectWhole('m')
    expect(await hidden()).toEqual([])
  })

  it('starts over when the source has changed', async () => {
    await stopped('m')
    const path = join(source, 'model.safetensors')
    await utimes(path, new Date(), new Date())
    expect(await importResumes('m')).toBe(false)
  })

  it('starts over with other options, and preserves imports of other names', async () => {
    await stopped('other')
    await stopped('m')
    expect(await hidden()).toHaveLength(2)
    const titles = new Set<string>()
    await importModel('m', { vision: 'f16', onProgress: ({ title }) => titles.add(title) })
    expect(titles.has(RESUMING)).toBe(false)
    expect(await hidden()).toHaveLength(1)
    expect(await importResumes('other')).toBe(true)
  })

  it('is discarded after a week', async () => {
    await stopped('other')
    const [folder = ''] = await hidden()
    const old = new Date(Date.now() - 8 * 24 * 3600 * 1000)
    await utimes(join(models(), folder, 'journal.json'), old, old)
    expect(await importResumes('m')).toBe(false)
  })
})

describe('two concurrent imports', () => {
  it('of one name: one succeeds, the other is rejected with model-exists', async () => {
    await stopped('m')
    const results = await Promise.allSettled([importModel('m'), importModel('m')])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'model-exists' })
    await expectWhole('m')
    expect(await hidden()).toEqual([])
  })

  it('of two names are independent', async () => {
    await Promise.all([importModel('m'), importModel('n')])
    for (const name of ['m', 'n']) await expectWhole(name)
  })
})

describe('a full disk', () => {
  it('fails with disk-full, preserves finished files, and the import resumes once there is space', async ({ skip }) => {
    await using disk = await SmallDisk.mount(scratch.path('small'), 250)
    if (disk === null) return skip(NO_DISK)
    const home = disk.path
    let filled = false
    const onProgress = ({ value }: Progress) => {
      if (value < NOTED || filled) return
      filled = true
      disk.fill()
    }
    const left = async () => {
      const [folder, ...more] = await readdir(join(home, 'models'))
      expect(more).toEqual([])
      return (await readdir(join(home, 'models', folder ?? ''))).sort()
    }
    await expect(importModel('m', { home, onProgress })).rejects.toMatchObject({ code: 'disk-full' })
    expect(await left()).toEqual(['journal.json', 'language.gguf'])
    // Full from the start: rejected before anything is written, and existing files remain.
    disk.fill('rest')
    await expect(importModel('m', { home })).rejects.toMatchObject({ code: 'disk-full' })
    expect(await left()).toEqual(['journal.json', 'language.gguf'])
    // With room for little more than the lock it is known how much is missing.
    const filler = join(home, 'filler')
    await truncate(filler, (await stat(filler)).size - 65_536)
    await expect(importModel('m', { home })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/needs .* Completed parts are kept/),
    })
    expect(await left()).toEqual(['journal.json', 'language.gguf'])
    for (const name of ['filler', 'rest']) await disk.free(name)
    const titles = new Set<string>()
    await verifyModel(await importModel('m', { home, onProgress: ({ title }) => titles.add(title) }), new AbortController().signal)
    expect(titles.has(RESUMING)).toBe(true)
  })
})

describe('progress', () => {
  it('reports speed and remaining time', async () => {
    const reported: Progress[] = []
    await importModel('m', { onProgress: (progress) => reported.push(progress) })
    const speeds = reported.filter(({ bytesPerSecond }) => typeof bytesPerSecond === 'number')
    expect(speeds.length).toBeGreaterThan(reported.length / 2)
    for (const { bytesPerSecond, secondsLeft } of speeds) {
      expect(bytesPerSecond).toBeGreaterThan(0)
      expect(secondsLeft).toBeGreaterThanOrEqual(0)
    }
    const values = reported.map(({ value }) => value)
    expect(values).toEqual(values.toSorted((a, b) => a - b))
    expect(values.at(-1)).toBe(1)
  })
})

describe('an import whose finished folder cannot be renamed', () => {
  it('loses nothing: the next one reuses all of it', async () => {
    {
      using windows = imitateWindowsFiles()
      // Windows retries for ten seconds.
      windows.refuseMoves(Number.POSITIVE_INFINITY, 'EPERM', /models.m$/)
      await expect(importModel('m')).rejects.toMatchObject({ code: 'write-failed' })
      expect(windows.refused).toBeGreaterThan(0)
    }
    const titles = new Set<string>()
    await importModel('m', { onProgress: ({ title }) => titles.add(title) })
    await expectWhole('m')
    expect(await hidden()).toEqual([])
    expect([...titles]).not.toContain('writing the language model')
  })
})
