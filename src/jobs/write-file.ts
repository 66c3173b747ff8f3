import { randomUUID } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { isTaken } from '../platform/disk.ts'
import { writeFailure } from '../platform/file-failure.ts'
import { move, remove } from '../platform/move.ts'
import { TarsierError } from '../shared/errors.ts'

/** Converts an error from writing `path`; typed errors and aborts are returned unchanged. */
export function writeError(path: string, cause: unknown): unknown {
  return writeFailure(`${path} could not be written`, cause, { ifFull: 'Free disk space and run the same command again to resume.' })
}

/** Throws `write-failed` if a path is in use, for a file that is not to be overwritten. */
export async function expectFree(path: string): Promise<void> {
  if (await isTaken(path))
    throw new TarsierError('write-failed', `${path} already exists. Choose another file, or overwrite it.`, { remedy: 'existing-file' })
}

/** Replaces a file atomically: writes and flushes a temporary file, then renames it. Throws `disk-full`, `write-failed`, and the errors of `text`. */
export async function replaceFile(directory: string, name: string, text: string | Iterable<string> | AsyncIterable<string>): Promise<void> {
  const path = join(directory, name)
  const temporary = join(directory, `.${name}.${randomUUID()}.part`)
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

/** Creates a folder and its parents if they are missing. Throws `disk-full` and `write-failed`. */
export async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    throw writeError(directory, error)
  }
}
