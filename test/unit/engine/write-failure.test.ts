import { mkdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeFolderAside } from '../../../src/engine/models/import/folder-aside.ts'
import { isDiskFull, isFolderFull, whyUnwritten } from '../../../src/engine/write-failure.ts'
import { writeSidecar } from '../../../src/jobs/sinks/sidecar.ts'
import { replaceFile } from '../../../src/jobs/write-file.ts'
import { Database } from '../../../src/library/database.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'

let scratch: ScratchFolder
beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(() => scratch[Symbol.asyncDispose]())

const failureOf = (code: string) => Object.assign(new Error(`${code}: it failed`), { code })

test('a disk, a quota and a file that take no more are full, and nothing else is', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) expect(isDiskFull(failureOf(code))).toBe(true)
  for (const code of ['EACCES', 'EPERM', 'EROFS', 'EIO', 'ENOENT']) expect(isDiskFull(failureOf(code))).toBe(false)
  expect(isDiskFull(new Error('ENOSPC'))).toBe(false)
})

test('a permission is spoken of where one is missing, and nowhere else', () => {
  const codes = ['EACCES', 'EPERM', 'EROFS', 'EIO', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENAMETOOLONG', 'EMFILE', 'EBUSY']
  const said = codes.map((code) => [code, whyUnwritten(failureOf(code), 'linux')] as const)
  for (const [, sentence] of said) expect(sentence).toMatch(/^[a-z].*\. [A-Z].*\.$|^E[A-Z]+: .*\. Check/)
  expect(said.filter(([, sentence]) => /permission/.test(sentence)).map(([code]) => code)).toEqual(['EACCES', 'EPERM'])
})

test('another program is named where one may have the file open', () => {
  const about = (platform: NodeJS.Platform) =>
    ['EPERM', 'EACCES', 'EBUSY', 'EIO'].filter((code) => /another program/.test(whyUnwritten(failureOf(code), platform)))
  expect(about('linux')).toEqual(['EBUSY'])
  expect(about('win32')).toEqual(['EPERM', 'EACCES', 'EBUSY'])
})

describe('on a disk that is full', () => {
  test('whatever writes says so', async ({ skip }) => {
    const disk = await SmallDisk.mount(scratch.path('disk'), 4)
    if (disk === null) return skip(NO_DISK)
    try {
      await mkdir(join(disk.path, 'there'))
      expect(isFolderFull(disk.path)).toBe(false)
      await disk.fillUp()
      expect(isFolderFull(disk.path)).toBe(true)
      const full = { code: 'disk-full', message: expect.stringMatching(/the disk is full\. Make room/) }
      const big = 'x'.repeat(100_000)
      await expect(writeSidecar(join(disk.path, 'a.txt'), big, { overwrite: false })).rejects.toMatchObject(full)
      await expect(replaceFile(disk.path, 'a.json', big)).rejects.toMatchObject(full)
      const key = { name: 'm', key: 'k' }
      const write = ({ directory }: { directory: string }) => writeFile(join(directory, 'a'), big)
      await expect(writeFolderAside(join(disk.path, 'there'), 'm', key, write)).rejects.toMatchObject(full)
      expect(() => new Database(join(disk.path, 'there', 'library.sqlite'))).toThrow(expect.objectContaining(full))
      expect((await readdir(disk.path)).sort()).toEqual(['filler', 'there'])
    } finally {
      await disk[Symbol.asyncDispose]()
    }
  })

  test('a library that was there before says so too', async ({ skip }) => {
    const disk = await SmallDisk.mount(scratch.path('disk'), 4)
    if (disk === null) return skip(NO_DISK)
    try {
      const path = join(disk.path, 'library.sqlite')
      new Database(path)[Symbol.dispose]()
      await disk.fillUp()
      // Its log cannot be made.
      expect(() => {
        using db = new Database(path)
        db.run("INSERT INTO settings (name, value) VALUES ('a', ?)", 'x'.repeat(1_000_000))
      }).toThrow(expect.objectContaining({ code: 'disk-full' }))
    } finally {
      await disk[Symbol.asyncDispose]()
    }
  })
})

test('a library that may not be written is no full disk', async ({ skip }) => {
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
