import { mkdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeStagedFolder } from '../../../src/engine/models/import/write-staged-folder.ts'
import { writeSidecar } from '../../../src/jobs/sinks/sidecar.ts'
import { replaceFile } from '../../../src/jobs/write-file.ts'
import { Database } from '../../../src/library/database.ts'
import { isDiskFull, isFolderFull, isFolderWritable, readFailure, writeFailure } from '../../../src/platform/file-failure.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'

let scratch: ScratchFolder
beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(() => scratch[Symbol.asyncDispose]())

/** An error as Node's file system throws it. */
const systemError = (code: string) => Object.assign(new Error(`${code}: it failed`), { code, syscall: 'open' })
const CODES = [
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'ENOENT',
  'ENOTDIR',
  'EEXIST',
  'EISDIR',
  'ENAMETOOLONG',
  'EMFILE',
  'EBUSY',
  'ELOOP',
  'ESTALE',
  'EXYZ',
]
const PATH = '/a/b.txt'

test('only a full disk, an exceeded quota and a file too large count as full', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
    expect(isDiskFull(systemError(code))).toBe(true)
    expect(
      writeFailure(`${PATH} could not be written`, systemError(code), { ifFull: 'Wait.', remedyIfFull: 'missing-texts' }),
    ).toMatchObject({
      code: 'disk-full',
      message: '/a/b.txt could not be written: the disk is full. Wait.',
      remedy: 'missing-texts',
    })
  }
  for (const code of CODES) expect(isDiskFull(systemError(code))).toBe(false)
  expect(isDiskFull(new Error('ENOSPC'))).toBe(false)
})

describe.each([
  ['reading', 'file-unreadable', (error: unknown) => readFailure(PATH, error)],
  ['writing', 'write-failed', (error: unknown) => writeFailure(`${PATH} could not be written`, error, { platform: 'linux' })],
] as const)('%s', (_, code, failureOf) => {
  const failures = CODES.map((system) => ({ system, failure: failureOf(systemError(system)) as TarsierError }))

  test.each(failures)('names the file and the remedy: $system', ({ system, failure }) => {
    expect(failure.message).toMatch(/^\/a\/b\.txt.*\. [A-Z].*\.$/)
    const missing = code === 'file-unreadable' && (system === 'ENOENT' || system === 'ENOTDIR')
    expect(failure).toMatchObject({ code: missing ? 'file-missing' : code, cause: { code: system }, remedy: undefined })
  })

  test('mentions permissions only if one is missing', () => {
    const named = failures.filter(({ failure }) => /permission/.test(failure.message)).map(({ system }) => system)
    expect(named).toEqual(['EACCES', 'EPERM'])
  })

  test('does not change typed errors and aborts', () => {
    const typed = new TarsierError('usage', 'No.')
    const abort = new DOMException('Stopped.', 'AbortError')
    expect([failureOf(typed), failureOf(abort)]).toEqual([typed, abort])
  })
})

test('other errors are no failed writes, unless the library is known to give no reason', () => {
  const error = new TypeError('a fault of ours')
  expect(writeFailure('a could not be written', error)).toBe(error)
  const silent = new Error('failed to write.')
  expect(writeFailure('a could not be written', silent, { full: true })).toMatchObject({ code: 'disk-full', cause: silent })
  expect(writeFailure('a could not be written', silent, { full: false })).toMatchObject({
    code: 'write-failed',
    message: 'a could not be written: failed to write. Check the folder and its disk.',
  })
})

test('tells whether files can be written in a folder', async () => {
  await mkdir(scratch.path('writable'))
  expect(isFolderWritable(scratch.path('writable'))).toBe(true)
  expect(await readdir(scratch.path('writable'))).toEqual([])
  expect(isFolderWritable(scratch.path('missing'))).toBe(false)
  expect(isFolderFull(scratch.path('missing'))).toBe(false)
})

test('mentions another program if one may have the file open', () => {
  const about = (platform: NodeJS.Platform) =>
    ['EPERM', 'EACCES', 'EBUSY', 'EIO'].filter((code) => {
      const { message } = writeFailure('a could not be written', systemError(code), { platform }) as TarsierError
      return /another program/.test(message)
    })
  expect(about('linux')).toEqual(['EBUSY'])
  expect(about('win32')).toEqual(['EPERM', 'EACCES', 'EBUSY'])
})

describe('on a full disk', () => {
  test('every writer reports it', async ({ skip }) => {
    const disk = await SmallDisk.mount(scratch.path('disk'), 4)
    if (disk === null) return skip(NO_DISK)
    try {
      await mkdir(join(disk.path, 'there'))
      expect(isFolderFull(disk.path)).toBe(false)
      await disk.fillUp()
      expect(isFolderFull(disk.path)).toBe(true)
      expect(isFolderWritable(disk.path)).toBe(false)
      const full = { code: 'disk-full', message: expect.stringMatching(/the disk is full\. Free disk space/) }
      const big = 'x'.repeat(100_000)
      await expect(writeSidecar(join(disk.path, 'a.txt'), big, { overwrite: false })).rejects.toMatchObject(full)
      await expect(replaceFile(disk.path, 'a.json', big)).rejects.toMatchObject(full)
      const key = { name: 'm', key: 'k' }
      const write = ({ directory }: { directory: string }) => writeFile(join(directory, 'a'), big)
      await expect(writeStagedFolder(join(disk.path, 'there'), 'm', key, write)).rejects.toMatchObject(full)
      expect(() => new Database(join(disk.path, 'there', 'library.sqlite'))).toThrow(expect.objectContaining(full))
      expect((await readdir(disk.path)).sort()).toEqual(['filler', 'there'])
    } finally {
      await disk[Symbol.asyncDispose]()
    }
  })

  test('an existing library reports it, too', async ({ skip }) => {
    const disk = await SmallDisk.mount(scratch.path('disk'), 4)
    if (disk === null) return skip(NO_DISK)
    try {
      const path = join(disk.path, 'library.sqlite')
      new Database(path)[Symbol.dispose]()
      await disk.fillUp()
      // Its log cannot be created.
      expect(() => {
        using db = new Database(path)
        db.run("INSERT INTO settings (name, value) VALUES ('a', ?)", 'x'.repeat(1_000_000))
      }).toThrow(expect.objectContaining({ code: 'disk-full' }))
    } finally {
      await disk[Symbol.asyncDispose]()
    }
  })
})

test('a read-only library is no full disk', async ({ skip }) => {
  const path = scratch.path('library.sqlite')
  const db = new DatabaseSync(path)
  db.exec('CREATE TABLE a (b)')
  db.close()
  mkdirSync(scratch.path('file'), { recursive: true })
  writeFileSync(scratch.path('file/is'), 'x')
  expect(() => new Database(scratch.path('file/is/library.sqlite'))).toThrow(expect.objectContaining({ code: 'write-failed' }))
  if (process.getuid?.() === 0) return skip('root may write everywhere')
  await chmod(path, 0o400)
  expect(() => new Database(path)).toThrow(expect.objectContaining({ code: 'write-failed' }))
})
