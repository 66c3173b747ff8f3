import { fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
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

const RESUMING = 'checking what was written before'

let scratch: ScratchFolder
let source: string
let reference: Awaited<ReturnType<typeof readManifest>>
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  source = scratch.path('source')
  // 140 MB in 32 bits, so that the journal is written before the end.
  const vision = { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 }
  await writeRandomCheckpoint(source, { layers: 11, width: 512, feedForward: 1536, heads: 4, keyValueHeads: 2, vision })
  reference = await readManifest(await bring('m', { home: scratch.path('reference') }))
})
afterAll(() => scratch[Symbol.asyncDispose]())

const models = () => join(scratch.directory, 'models')
const hidden = async () => (await readdir(models())).filter((name) => name.startsWith('.'))
beforeEach(async () => {
  await rm(models(), { recursive: true, force: true })
  await mkdir(models())
})

/** The language model carries its name, so only one of the same name can be the same. */
async function expectWhole(name: string): Promise<void> {
  const manifest = await verifyModel(join(models(), name), new AbortController().signal)
  if (name === reference.name) expect(manifest).toEqual(reference)
  else expect(manifest.vision).toEqual(reference.vision)
  expect((await readdir(join(models(), name))).sort()).toEqual(['language.gguf', 'tarsier-model.json', 'vision.onnx'])
}

function bring(name: string, options: Partial<ImportOptions> = {}): Promise<string> {
  const { home = scratch.directory, signal = new AbortController().signal } = options
  return importCheckpoint(source, { language: 'f32', vision: 'f32', ...options, name, home, signal })
}

/** An import that is stopped once so many bytes of its language model are noted. */
async function stopped(name: string): Promise<void> {
  const abort = new AbortController()
  const onProgress = ({ value }: Progress) => void (value > 0.6 && abort.abort())
  const before = (await hidden()).length
  await expect(bring(name, { signal: abort.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
  expect(await hidden()).toHaveLength(before + 1)
}

/** Brings the model in, and tells whether that went on with what was there; it must be right either way. */
async function goesOn(name: string): Promise<boolean> {
  const titles = new Set<string>()
  await bring(name, { onProgress: ({ title }) => titles.add(title) })
  await expectWhole(name)
  expect(await hidden()).toEqual([])
  return titles.has(RESUMING)
}

describe('an import that was killed', () => {
  it('goes on where it was, and was never listed', async () => {
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
    expect(await goesOn('m')).toBe(true)
  })
})

describe('an import that was stopped', () => {
  it('goes on where it was', async () => {
    await stopped('m')
    expect(await goesOn('m')).toBe(true)
  })

  it('goes on after its language model, with the tower', async () => {
    const abort = new AbortController()
    const onProgress = ({ title }: Progress) => void (title.includes('tower') && abort.abort())
    await expect(bring('m', { signal: abort.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
    const titles: string[] = []
    await bring('m', { onProgress: ({ title }) => titles.push(title) })
    expect(titles[0]).toBe('writing the vision tower')
    await expectWhole('m')
  })

  it.each<[string, (folder: string) => Promise<unknown>]>([
    [
      'a byte of what was written changed',
      async (folder) => {
        const file = await open(join(folder, 'language.gguf'), 'r+')
        await file.write(Buffer.of(1), 0, 1, 20_000_000)
        await file.close()
      },
    ],
    ['what was written became shorter', (folder) => writeFile(join(folder, 'language.gguf'), 'short')],
    ['the journal is damaged', (folder) => writeFile(join(folder, 'journal.json'), '{"format":1')],
    ['the journal is of another format', (folder) => writeFile(join(folder, 'journal.json'), '{"format":2}')],
    [
      'the journal names a file elsewhere',
      async (folder) => {
        const path = join(folder, 'journal.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace('language.gguf', '../whole/language.gguf'))
      },
    ],
    [
      'the journal says more than can be',
      async (folder) => {
        const path = join(folder, 'journal.json')
        const journal = JSON.parse(await readFile(path, 'utf8'))
        await writeFile(path, JSON.stringify({ ...journal, begun: { ...journal.begun, tensors: 2 ** 40 } }))
      },
    ],
  ])('begins anew when %s', async (_, spoil) => {
    await stopped('m')
    const [folder = ''] = await hidden()
    await spoil(join(models(), folder))
    await bring('m')
    await expectWhole('m')
    expect(await hidden()).toEqual([])
  })

  it('begins anew when the source changed in between', async () => {
    await stopped('m')
    const path = join(source, 'model.safetensors')
    await utimes(path, new Date(), new Date())
    expect(await goesOn('m')).toBe(false)
  })

  it('begins anew with other options, and keeps what is of another name', async () => {
    await stopped('other')
    await stopped('m')
    expect(await hidden()).toHaveLength(2)
    const titles = new Set<string>()
    await bring('m', { vision: 'f16', onProgress: ({ title }) => titles.add(title) })
    expect(titles.has(RESUMING)).toBe(false)
    expect(await hidden()).toHaveLength(1)
    expect(await goesOn('other')).toBe(true)
  })

  it('is given up after a week', async () => {
    await stopped('other')
    const [folder = ''] = await hidden()
    const old = new Date(Date.now() - 8 * 24 * 3600 * 1000)
    await utimes(join(models(), folder, 'journal.json'), old, old)
    expect(await goesOn('m')).toBe(false)
  })
})

describe('two imports at once', () => {
  it('of one name: one is there, whole, and the other says so', async () => {
    await stopped('m')
    const results = await Promise.allSettled([bring('m'), bring('m')])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'model-exists' })
    await expectWhole('m')
    expect(await hidden()).toEqual([])
  })

  it('of two names do not touch each other', async () => {
    await Promise.all([bring('m'), bring('n')])
    for (const name of ['m', 'n']) await expectWhole(name)
  })
})

describe('a disk that fills up', () => {
  it('is told, what was made stays, and the import goes on once there is room', async ({ skip }) => {
    await using disk = await SmallDisk.mount(scratch.path('small'), 250)
    if (disk === null) return skip(NO_DISK)
    const home = disk.path
    let filled = false
    const onProgress = ({ value }: Progress) => {
      if (value < 0.6 || filled) return
      filled = true
      disk.fill()
    }
    const left = async () => {
      const [folder, ...more] = await readdir(join(home, 'models'))
      expect(more).toEqual([])
      return (await readdir(join(home, 'models', folder ?? ''))).sort()
    }
    await expect(bring('m', { home, onProgress })).rejects.toMatchObject({ code: 'disk-full' })
    expect(await left()).toEqual(['journal.json', 'language.gguf'])
    // Full from the start: refused before anything is written, and what was there is there still.
    disk.fill('rest')
    await expect(bring('m', { home })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/needs .* What is made already stays/),
    })
    expect(await left()).toEqual(['journal.json', 'language.gguf'])
    for (const name of ['filler', 'rest']) await disk.free(name)
    const titles = new Set<string>()
    await verifyModel(await bring('m', { home, onProgress: ({ title }) => titles.add(title) }), new AbortController().signal)
    expect(titles.has(RESUMING)).toBe(true)
  })
})

describe('its progress', () => {
  it('tells how fast it is and how long still', async () => {
    const told: Progress[] = []
    await bring('m', { onProgress: (progress) => told.push(progress) })
    const speeds = told.filter(({ bytesPerSecond }) => typeof bytesPerSecond === 'number')
    expect(speeds.length).toBeGreaterThan(told.length / 2)
    for (const { bytesPerSecond, secondsLeft } of speeds) {
      expect(bytesPerSecond).toBeGreaterThan(0)
      expect(secondsLeft).toBeGreaterThanOrEqual(0)
    }
    const values = told.map(({ value }) => value)
    expect(values).toEqual(values.toSorted((a, b) => a - b))
    expect(values.at(-1)).toBe(1)
  })
})

describe('an import whose finished folder cannot be given its name', () => {
  it('loses nothing: the next one goes on with all of it', async () => {
    {
      using windows = imitateWindowsFiles()
      windows.refuseMoves(1, 'EPERM', /models.m$/)
      await expect(bring('m')).rejects.toMatchObject({ code: 'write-failed' })
      expect(windows.refused).toBe(1)
    }
    const titles = new Set<string>()
    await bring('m', { onProgress: ({ title }) => titles.add(title) })
    await expectWhole('m')
    expect(await hidden()).toEqual([])
    expect([...titles]).not.toContain('writing the language model')
  })
})
