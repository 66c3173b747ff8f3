import { open } from 'node:fs/promises'
import { readFailure } from './file-failure.ts'
import { filePieces } from './file-pieces.ts'
import { remove } from './move.ts'
import { writeAt } from './write-at.ts'

export interface CopyOptions {
  readonly signal: AbortSignal
  /** Called with the size of each written chunk in bytes. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * Copies a file's bytes to a new file, and flushes it to disk. Unlike `fs.copyFile`, it reports progress and can be aborted. A partial copy is removed.
 * Throws `file-missing` and `file-unreadable` for `from`, file system errors for `to`, and the signal's reason.
 */
export async function copyFileBytes(from: string, to: string, { signal, onBytes }: CopyOptions): Promise<void> {
  signal.throwIfAborted()
  const file = await open(to, 'wx')
  try {
    try {
      let at = 0
      for await (const piece of readable(from, signal)) {
        await writeAt(file, piece, at)
        at += piece.byteLength
        onBytes?.(piece.byteLength)
      }
      signal.throwIfAborted()
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    await remove(to)
    throw error
  }
}

/** A failure to read must not look like one of the disk that is written to. */
async function* readable(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* filePieces(path, { signal })
  } catch (error) {
    throw readFailure(path, error)
  }
}
