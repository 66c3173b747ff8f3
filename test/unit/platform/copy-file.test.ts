import { readdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { copyFileBytes } from '../../../src/platform/copy-file.ts'
import { noise } from '../../helpers/noise.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'

/** Several chunks, the last one incomplete. */
const content = noise(5_000_000, 1)
const { signal } = new AbortController()

let scratch: ScratchFolder
let from: string
let to: string
beforeEach(async () => {
  scratch = await ScratchFolder.make()
  from = scratch.path('from')
  to = scratch.path('to')
  await writeFile(from, content)
})
afterEach(() => scratch[Symbol.asyncDispose]())

it('copies all bytes and reports them', async () => {
  const seen: number[] = []
  await copyFileBytes(from, to, { signal, onBytes: (bytes) => seen.push(bytes) })
  expect(Buffer.compare(await readFile(to), content)).toBe(0)
  expect(seen.length).toBeGreaterThan(2)
  expect(seen.reduce((sum, bytes) => sum + bytes, 0)).toBe(content.byteLength)
})

it('copies an empty file', async () => {
  await writeFile(from, '')
  await copyFileBytes(from, to, { signal })
  expect(await readFile(to, 'utf8')).toBe('')
})

it('ends at an abort, and leaves no partial file', async () => {
  const abort = new AbortController()
  await expect(copyFileBytes(from, to, { signal: abort.signal, onBytes: () => abort.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  })
  await expect(copyFileBytes(from, to, { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
  expect(await readdir(scratch.directory)).toEqual(['from'])
})

it('replaces nothing, and says of which file a failure is', async () => {
  await writeFile(to, 'there')
  await expect(copyFileBytes(from, to, { signal })).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await readFile(to, 'utf8')).toBe('there')
  const gone = scratch.path('gone')
  await expect(copyFileBytes(gone, scratch.path('new'), { signal })).rejects.toMatchObject({
    code: 'file-missing',
    message: expect.stringContaining(gone),
  })
  expect((await readdir(scratch.directory)).sort()).toEqual(['from', 'to'])
})

it('leaves nothing on a full disk', async ({ skip }) => {
  await using disk = await SmallDisk.mount(scratch.path('disk'), 2)
  if (disk === null) return skip(NO_DISK)
  await expect(copyFileBytes(from, scratch.path('disk/to'), { signal })).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(await readdir(disk.path)).toEqual([])
})
