import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findClips } from '../../../src/jobs/find-clips.ts'

const signal = new AbortController().signal
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-walk-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function put(path: string, content: string | Uint8Array = 'x'): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), content)
}

/** The paths relative to the folder, with the codes of errors. */
async function found(...paths: string[]): Promise<string[]> {
  const items = await findClips(paths.length === 0 ? [folder] : paths.map((path) => join(folder, path)), signal)
  return items.map(({ file, error }) => `${relative(folder, file)}${error ? `: ${error.code}` : ''}`)
}

describe('finding clips', () => {
  it('walks folders in order of names and skips hidden files and files that are no clips', async () => {
    for (const name of [
      'b.mp4',
      'a.MOV',
      'sub/deep/c.gif',
      'sub/a.jpg',
      '.hidden.mp4',
      '.git/x.mp4',
      'b.txt',
      'notes.md',
      'song.mp3',
      'code.ts',
    ])
      await put(name)
    expect(await found()).toEqual(['a.MOV', 'b.mp4', 'sub/a.jpg', 'sub/deep/c.gif'])
  })

  it('checks the content of files with unknown names', async () => {
    await put('film', Buffer.from('\x00\x00\x00\x20ftypisom\x00\x00\x02\x00', 'latin1'))
    await put('song.m4a', Buffer.from('\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00', 'latin1'))
    await put('stream.ts', Buffer.concat(Array.from({ length: 3 }, () => Buffer.concat([Buffer.of(0x47), Buffer.alloc(187)]))))
    await put('matroska.bin', Buffer.from('1a45dfa3a3428681', 'hex'))
    await put('picture.dat', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
    await put('short', 'G')
    expect(await found()).toEqual(['film', 'matroska.bin', 'picture.dat', 'stream.ts'])
  })

  it('accepts a named file whatever its name', async () => {
    await put('notes.txt')
    expect(await found('notes.txt')).toEqual(['notes.txt'])
  })

  it('continues after missing files, and reports a folder without clips', async () => {
    await put('a.mp4')
    await mkdir(join(folder, 'empty'))
    expect(await found('gone.mp4', 'empty', 'a.mp4')).toEqual(['gone.mp4: file-missing', 'empty: nothing-found', 'a.mp4'])
  })

  it('returns a file that is given twice once', async () => {
    await put('a.mp4')
    expect(await found('a.mp4', '.', './a.mp4')).toEqual(['a.mp4'])
  })

  it('handles circular and dangling links', async () => {
    await put('sub/a.mp4')
    await symlink(folder, join(folder, 'sub/up'))
    await symlink(join(folder, 'sub'), join(folder, 'again'))
    await symlink(join(folder, 'nowhere'), join(folder, 'lost.mp4'))
    await symlink(join(folder, 'self'), join(folder, 'self'))
    expect(await found()).toEqual(['again/a.mp4', 'lost.mp4: file-missing'])
    expect(await found('self')).toEqual(['self: file-unreadable'])
  })

  it.skipIf(process.platform === 'win32')('rejects what is neither file nor folder', async () => {
    const items = await findClips(['/dev/null'], signal)
    expect(items[0]?.error?.code).toBe('not-media')
  })
})
