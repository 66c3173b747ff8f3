import { existsSync } from 'node:fs'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { claimStagingFolder, removeAbandonedFolders, type StagingFolder } from '../../../../src/engine/models/import/staging-folders.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../../helpers/small-disk.ts'

const OF = { name: 'm', key: 'a'.repeat(64) }
/** Greater than any process id. */
const UNUSED_PID = 4_194_305
const UUID = '00000000-0000-4000-8000-000000000000'

let scratch: ScratchFolder
let models: string
beforeEach(async () => {
  scratch = await ScratchFolder.make()
  models = scratch.path('models')
  await mkdir(models)
})
afterEach(() => scratch[Symbol.asyncDispose]())

/** Claims a folder, and writes a file that can be resumed and one that cannot. */
async function begun(parent = models, of = OF): Promise<StagingFolder> {
  const staging = await claimStagingFolder(parent, of)
  await writeFile(join(staging.directory, 'vision.onnx'), 'half of it')
  await writeFile(join(staging.directory, 'language.gguf'), 'all of it')
  await staging.journal.note({ language: { file: 'language.gguf', bytes: 9, sha256: 'b'.repeat(64) } })
  return staging
}

/** An interrupted import: no process uses its folder. */
async function left(parent = models, of = OF): Promise<string> {
  await using staging = await begun(parent, of)
  await staging.clear()
  return staging.directory
}

/** Makes a folder that of a process elsewhere, whose last heartbeat was this many seconds ago. */
async function giveTo(directory: string, pid: number, seconds: number): Promise<void> {
  const [path, then] = [`${directory}.lock`, new Date(Date.now() - seconds * 1000)]
  await writeFile(path, JSON.stringify({ process: pid, space: 'another container' }))
  await utimes(path, then, then)
}

it('resumes the folder of an interrupted import, without its incomplete files', async () => {
  const before = await left()
  {
    await using staging = await claimStagingFolder(models, OF)
    expect(staging.journal.language).toMatchObject({ bytes: 9 })
    expect((await readdir(staging.directory)).sort()).toEqual(['journal.json', 'language.gguf'])
    expect(existsSync(before)).toBe(false)
  }
  expect(await readdir(models)).toHaveLength(1)
})

it('gives a folder to one of many at the same time', async () => {
  await left()
  const all = await Promise.all(Array.from({ length: 5 }, () => claimStagingFolder(models, OF)))
  expect(all.filter(({ journal }) => journal.language)).toHaveLength(1)
  expect(new Set(all.map(({ directory }) => directory)).size).toBe(5)
  for (const staging of all) await staging[Symbol.asyncDispose]()
})

it('keeps the folder of an import in another container, whose process id nobody has here', async () => {
  await using staging = await begun()
  await giveTo(staging.directory, UNUSED_PID, 5)
  await using other = await claimStagingFolder(models, OF)
  await removeAbandonedFolders(models, 'm')
  expect(other.journal.language).toBeUndefined()
  expect((await readdir(staging.directory)).sort()).toEqual(['journal.json', 'language.gguf', 'vision.onnx'])
})

it('resumes the folder of a process that has ended, whose process id another one has now', async () => {
  await giveTo(await left(), process.pid, 31)
  await using staging = await claimStagingFolder(models, OF)
  expect(staging.journal.language).toMatchObject({ bytes: 9 })
  expect((await readdir(models)).sort()).toEqual(
    [staging.directory, `${staging.directory}.lock`].map((path) => path.slice(models.length + 1)),
  )
})

it('hides the folder from a process that was suspended for so long that another one has it', async () => {
  await using suspended = await begun()
  await giveTo(suspended.directory, UNUSED_PID, 31)
  await using staging = await claimStagingFolder(models, OF)
  await expect(suspended.journal.note({})).rejects.toMatchObject({ code: 'ENOENT' })
  await suspended[Symbol.asyncDispose]()
  await using other = await claimStagingFolder(models, OF)
  expect(staging.journal.language).toMatchObject({ bytes: 9 })
  expect(other.journal.language).toBeUndefined()
})

it('removes what cannot be resumed, also by the names of earlier versions, and nothing else', async () => {
  await left(models, { ...OF, key: 'c'.repeat(64) })
  const other = await left(models, { ...OF, name: 'other' })
  for (const name of [`.importing-left-${UUID}`, `.importing-${process.pid}-${UUID}`, '.importing-x', 'mine'])
    await mkdir(join(models, name))
  await writeFile(join(models, `.importing-${UUID}.lock`), '') // of a process that was killed before it made the folder
  await utimes(join(models, `.importing-${UUID}.lock`), new Date(0), new Date(0))
  await using staging = await claimStagingFolder(models, OF)
  expect(staging.journal.language).toBeUndefined()
  const names = [staging.directory, `${staging.directory}.lock`, other, join(models, '.importing-x'), join(models, 'mine')]
  expect((await readdir(models)).sort()).toEqual(names.map((path) => path.slice(models.length + 1)).sort())
})

it('removes the interrupted imports of a name from a full disk', async ({ skip }) => {
  await using disk = await SmallDisk.mount(models, 2)
  if (disk === null) return skip(NO_DISK)
  const other = await left(models, { ...OF, name: 'other' })
  await left()
  disk.fill()
  await removeAbandonedFolders(models, 'm')
  expect((await readdir(models)).sort()).toEqual([other.slice(models.length + 1), 'filler'])
})

it('finds nothing to remove without a folder of models', async () => {
  await removeAbandonedFolders(scratch.path('none'), 'm')
  expect(existsSync(scratch.path('none'))).toBe(false)
})
