import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { isDiskFull, whyUnwritten } from '../engine/write-failure.ts'
import { move, remove } from '../platform/move.ts'
import { TarsierError } from '../shared/errors.ts'

/** What the file system said while `path` was written, as a typed error; typed ones and aborts stay what they are. */
export function writeError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string' || cause instanceof TarsierError) return cause
  if (isDiskFull(cause))
    return new TarsierError(
      'disk-full',
      `${path} could not be written: the disk is full. Make room and start the same again: what is done stays.`,
      {
        cause,
      },
    )
  return new TarsierError('write-failed', `${path} could not be written: ${whyUnwritten(cause)}`, { cause })
}

/** Replaces a file as a whole: a temporary one is written, on the disk, then renamed. Throws `disk-full`, `write-failed`, and whatever the text throws. */
export async function replaceFile(directory: string, name: string, text: string | Iterable<string> | AsyncIterable<string>): Promise<void> {
  const path = join(directory, name)
  const temporary = join(directory, `.${name}.${process.pid}.part`)
  try {
    await using file = await open(temporary, 'w')
    for await (const piece of typeof text === 'string' ? [text] : text) await file.appendFile(piece)
    await file.sync()
    await move(temporary, path)
  } catch (error) {
    await remove(temporary)
    throw writeError(path, error)
  }
}
