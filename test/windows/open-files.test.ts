import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { DiskCache } from '../../src/engine/conversation/disk-cache.ts'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import { removeModel, renameModel } from '../../src/engine/models/manage.ts'
import { readManifest } from '../../src/engine/models/manifest.ts'
import { writeSidecar } from '../../src/jobs/sinks/sidecar.ts'
import { checkpointPath } from '../helpers/checkpoint-folder.ts'
import { ScratchFolder } from '../helpers/scratch-folder.ts'
import { openLikeOtherPrograms, type Share } from './open-file.ts'

const shares: Share[] = ['nothing', 'reading', 'reading and writing']
/** Far below the ten seconds for which a move or removal is retried. */
const CLOSE_AFTER_MS = 700

async function tinyModel(home: string, name: string): Promise<string> {
  const signal = new AbortController().signal
  return await importCheckpoint(checkpointPath('tied-heads-of-16'), { name, language: 'f32', vision: 'f32', home, signal })
}

describe('a sidecar that another program has open', () => {
  it.each(shares)('is replaced once the program has closed it, whether it shares %s', async (share) => {
    await using folder = await ScratchFolder.make()
    const path = await folder.write('clip.txt', 'before\n')
    const file = openLikeOtherPrograms(path, share)
    const writing = writeSidecar(path, 'after', { overwrite: true })
    await sleep(CLOSE_AFTER_MS)
    file[Symbol.dispose]()
    await writing
    expect(await readFile(path, 'utf8')).toBe('after\n')
    expect(await readdir(folder.directory)).toEqual(['clip.txt'])
  })

  it('is unchanged if the program does not close it, and the error has a remedy', async () => {
    await using folder = await ScratchFolder.make()
    const path = await folder.write('clip.txt', 'before\n')
    using _file = openLikeOtherPrograms(path)
    const failure: unknown = await writeSidecar(path, 'after', { overwrite: true }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'write-failed', message: expect.stringContaining(path) })
    expect(failure).toMatchObject({ message: expect.stringMatching(/another program/) })
    expect(await readFile(path, 'utf8')).toBe('before\n')
    expect(await readdir(folder.directory)).toEqual(['clip.txt'])
  })
})

describe('a model with a file that another program has open', () => {
  it('is removed once the program has closed it', async () => {
    await using folder = await ScratchFolder.make()
    const model = await tinyModel(folder.directory, 'tiny')
    const file = openLikeOtherPrograms(join(model, 'language.gguf'))
    const removing = removeModel('tiny', folder.directory)
    await sleep(CLOSE_AFTER_MS)
    file[Symbol.dispose]()
    await removing
    expect(await readdir(folder.path('models'))).toEqual([])
  })

  it('is removed or complete if the program does not close it, the error says so, and the next removal removes the rest', async () => {
    await using folder = await ScratchFolder.make()
    const model = await tinyModel(folder.directory, 'tiny')
    await tinyModel(folder.directory, 'other')
    {
      using _file = openLikeOtherPrograms(join(model, 'language.gguf'))
      const expectedError = { code: 'write-failed', message: expect.stringMatching(/another program has it open/) }
      await expect(removeModel('tiny', folder.directory)).rejects.toMatchObject(expectedError)
    }
    // Windows does not rename a folder with an open file in it, Wine does.
    if (existsSync(model)) {
      expect((await readManifest(model)).name).toBe('tiny')
      await removeModel('tiny', folder.directory)
    }
    await removeModel('other', folder.directory)
    expect(await readdir(folder.path('models'))).toEqual([])
  })
})

it('a model whose folder another program has open is neither removed nor renamed, remains complete, and the error names it', async () => {
  await using folder = await ScratchFolder.make()
  const model = await tinyModel(folder.directory, 'tiny')
  using _folder = openLikeOtherPrograms(model, 'reading and writing')
  const expectedError = { code: 'write-failed', message: expect.stringContaining(model) }
  await expect(removeModel('tiny', folder.directory)).rejects.toMatchObject(expectedError)
  await expect(renameModel('tiny', 'small', folder.directory)).rejects.toMatchObject(expectedError)
  expect(await readdir(folder.path('models'))).toEqual(['tiny'])
  expect((await readManifest(model)).name).toBe('tiny')
})

describe('a cache file that another program has open', () => {
  const fill = (text: string) => (path: string) => writeFile(path, text)

  it('is overwritten once the program has closed it', async () => {
    await using folder = await ScratchFolder.make()
    const cache = new DiskCache(folder.directory)
    await cache.store('a', fill('before'))
    const file = openLikeOtherPrograms(folder.path('a'))
    const storing = cache.store('a', fill('after'))
    await sleep(CLOSE_AFTER_MS)
    file[Symbol.dispose]()
    await storing
    expect(await readFile(folder.path('a'), 'utf8')).toBe('after')
  })

  it('stays beyond the size limit without preventing writes', async () => {
    await using folder = await ScratchFolder.make()
    const cache = new DiskCache(folder.directory, 10)
    await cache.store('old', fill('12345678'))
    const file = openLikeOtherPrograms(folder.path('old'))
    await cache.store('new', fill('12345678'))
    expect(await readdir(folder.directory)).toEqual(['new', 'old'])
    file[Symbol.dispose]()
    await cache.store('newer', fill('12345678'))
    expect(await readdir(folder.directory)).toEqual(['newer'])
  })
})
