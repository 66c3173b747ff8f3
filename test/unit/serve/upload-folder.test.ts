import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAX_UNUSED_FILES, UploadFolder } from '../../../src/serve/openai/upload-folder.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

async function place(uploads: UploadFolder, name: string): Promise<string> {
  const scratch = await uploads.scratch()
  try {
    await writeFile(scratch, name)
    return await uploads.place(scratch, name)
  } finally {
    await uploads.discard(scratch)
  }
}

test('evicts the least recently used uploads, and never those in use', async () => {
  await using folder = await ScratchFolder.make()
  const uploads = new UploadFolder(folder.directory)
  const mine: string[] = []
  for (let i = 0; i < MAX_UNUSED_FILES + 10; i += 1) mine.push(await place(uploads, `mine-${i}`))
  const writing = await uploads.scratch()
  await writeFile(writing, 'half')
  for (let i = 0; i < 5; i += 1) await uploads.release([await place(uploads, `other-${i}`)])
  expect((await readdir(folder.directory)).filter((name) => name.startsWith('mine'))).toHaveLength(mine.length)
  expect(await readdir(folder.directory)).not.toContain('other-0')
  expect(await readFile(writing, 'utf8')).toBe('half')

  // Two requests use the last one.
  const last = mine.at(-1) ?? ''
  await place(uploads, `mine-${mine.length - 1}`)
  await uploads.release(mine)
  expect(await readdir(folder.directory)).toHaveLength(MAX_UNUSED_FILES)
  await uploads.discard(writing)
  for (let i = 0; i < MAX_UNUSED_FILES; i += 1) await uploads.release([await place(uploads, `later-${i}`)])
  const left = await readdir(folder.directory)
  expect(left).toHaveLength(MAX_UNUSED_FILES)
  expect(left.map((name) => join(folder.directory, name))).toContain(last)
})

test('existing content is not replaced, so that it remains the same file', async () => {
  await using folder = await ScratchFolder.make()
  await mkdir(folder.directory, { recursive: true })
  const uploads = new UploadFolder(folder.directory)
  const before = await stat(await place(uploads, 'same'))
  const after = await stat(await place(uploads, 'same'))
  expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
  expect(await readdir(folder.directory)).toEqual(['same'])
})
