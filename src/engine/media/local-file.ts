import { constants, type Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { readFailure } from '../../platform/file-failure.ts'
import { TarsierError } from '../../shared/errors.ts'
import { FRAMES_ENDING } from './media-names.ts'

/** Number of bytes read to detect the format of a file. */
const HEAD_BYTES = 4096

/**
 * Reads a file's size and first bytes. Throws `file-missing`, `file-unreadable` (no permission, or not a regular file), `file-empty`.
 * Pipes and devices are rejected before they are opened, and opening does not block if the file has just been replaced by one.
 */
export async function readHead(path: string): Promise<{ readonly bytes: number; readonly head: Uint8Array }> {
  const stats = await stat(path).catch((error: unknown) => {
    throw readFailure(path, error)
  })
  expectPlain(path, stats)
  try {
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    expectPlain(path, await file.stat())
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return { bytes: stats.size, head: buffer.subarray(0, bytesRead) }
  } catch (error) {
    throw readFailure(path, error)
  }
}

function expectPlain(path: string, stats: Stats): void {
  if (stats.isDirectory()) throw new TarsierError('file-unreadable', `${path} is a folder. Give a video or a picture.`)
  if (!stats.isFile()) throw new TarsierError('file-unreadable', `${path} is not a plain file. Give a video or a picture.`)
  if (stats.size === 0)
    throw new TarsierError('file-empty', `${path} is empty (0 bytes). It may not have been copied or downloaded completely.`)
}

/** Returns a value that changes when the file is written to or replaced; empty if the file cannot be accessed. */
export async function fileStamp(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path)
    return `${size} ${mtimeMs} ${ino}`
  } catch {
    return ''
  }
}

/** Whether a path is a folder of frames. */
export async function isFramesFolder(path: string): Promise<boolean> {
  return (
    path.endsWith(FRAMES_ENDING) &&
    (await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    ))
  )
}
