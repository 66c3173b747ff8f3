import { createHash } from 'node:crypto'
import { readFailure } from './file-failure.ts'
import { addFile } from './file-pieces.ts'

/** SHA-256 of a file's bytes, in hex. `onBytes` is called with the size of each chunk. Throws `file-missing`, `file-unreadable`. */
export async function hashFile(path: string, signal: AbortSignal, onBytes: (bytes: number) => void = () => {}): Promise<string> {
  const hash = createHash('sha256')
  try {
    await addFile(hash, path, { signal, onBytes })
  } catch (error) {
    signal.throwIfAborted()
    throw readFailure(path, error)
  }
  return hash.digest('hex')
}
