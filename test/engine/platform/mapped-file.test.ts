import { readFileSync } from 'node:fs'
import { open, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import koffi from 'koffi'
import { describe, expect, test } from 'vitest'
import { releaseMappedPages } from '../../../src/platform/mapped-file.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const BYTES = 32 * 1024 ** 2
const [PROT_READ, PROT_WRITE] = [1, 2]
const [MAP_SHARED, MAP_PRIVATE] = [1, 2]

/** Maps a file of random bytes, and reads it whole. */
async function mapped(folder: string, protection: number, flags: number) {
  const path = join(folder, 'weights')
  const content = Buffer.alloc(BYTES, 'weights')
  await writeFile(path, content)
  const libc = koffi.load(null)
  const mmap = libc.func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'int64_t'])
  const munmap = libc.func('munmap', 'int', ['void *', 'size_t'])
  const file = await open(path)
  const address = mmap(null, BYTES, protection, flags, file.fd, 0)
  await file.close()
  const read = () => Buffer.from(koffi.decode(address, koffi.array('uint8_t', BYTES, 'Typed')) as Uint8Array)
  expect(read().equals(content)).toBe(true)
  return { path, content, address, read, [Symbol.dispose]: () => void munmap(address, BYTES) }
}

/** Resident bytes of mapped files. */
function residentFiles(): number {
  return 1024 * Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}

describe.skipIf(process.platform !== 'linux')('releaseMappedPages', () => {
  test.each([
    ['a shared file', PROT_READ, MAP_SHARED],
    ['a private file that may be written to', PROT_READ | PROT_WRITE, MAP_PRIVATE],
  ])('takes the pages of %s out of memory, and they come back unchanged', async (_, protection, flags) => {
    await using folder = await ScratchFolder.make()
    using file = await mapped(folder.directory, protection, flags)
    const before = residentFiles()
    releaseMappedPages(file.path)
    expect(before - residentFiles()).toBeGreaterThan(0.9 * BYTES)
    expect(file.read().equals(file.content)).toBe(true)
  })

  test('keeps what was changed in a private file', async () => {
    await using folder = await ScratchFolder.make()
    using file = await mapped(folder.directory, PROT_READ | PROT_WRITE, MAP_PRIVATE)
    koffi.encode(file.address, 'uint8_t', 1)
    releaseMappedPages(file.path)
    expect(file.read()[0]).toBe(1)
  })

  test('finds a file by a link to it, and passes over one that is gone', async () => {
    await using folder = await ScratchFolder.make()
    using file = await mapped(folder.directory, PROT_READ, MAP_SHARED)
    const link = join(folder.directory, 'link')
    await symlink(file.path, link)
    const before = residentFiles()
    releaseMappedPages(link)
    expect(before - residentFiles()).toBeGreaterThan(0.9 * BYTES)
    releaseMappedPages(join(folder.directory, 'gone'))
  })
})
