import type { Hash } from 'node:crypto'
import { open } from 'node:fs/promises'

const PIECE_BYTES = 1024 * 1024

interface FilePiecesOptions {
  readonly signal?: AbortSignal | undefined
  /** First byte. Defaults to 0. */
  readonly start?: number
  /** Offset after the last byte. Defaults to the end of the file. */
  readonly end?: number
}

/**
 * Yields a file's bytes in chunks. The next chunk is read while the current one is processed, into reused buffers: a chunk is valid until the
 * next one is requested. Streams allocate a buffer per chunk, which for gigabytes takes longer than hashing. Throws file system errors and the
 * signal's reason.
 */
export async function* filePieces(
  path: string,
  { signal, start = 0, end = Number.POSITIVE_INFINITY }: FilePiecesOptions = {},
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  const buffers = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)] as const
  const read = async (index: number, at: number) => {
    const buffer = buffers[index % 2 === 0 ? 0 : 1]
    const { bytesRead } = await file.read(buffer, 0, Math.min(PIECE_BYTES, end - at), at)
    return buffer.subarray(0, bytesRead)
  }
  let next: Promise<Uint8Array> | undefined
  try {
    for (let index = 0, at = start; at < end; index++) {
      signal?.throwIfAborted()
      const piece: Uint8Array = await (next ?? read(index, at))
      if (piece.byteLength === 0) return
      at += piece.byteLength
      next = at < end ? read(index + 1, at) : undefined
      next?.catch(() => {}) // reported when it is awaited
      yield piece
    }
  } finally {
    // Wait for the pending read before closing the file.
    await next?.catch(() => {})
    await file.close()
  }
}

/** Adds a file's bytes, or a range of them, to a hash. `onBytes` is called with the size of each chunk. Throws as {@link filePieces}. */
export async function addFile(
  hash: Hash,
  path: string,
  { onBytes, ...options }: FilePiecesOptions & { readonly onBytes?: (bytes: number) => void } = {},
): Promise<void> {
  for await (const piece of filePieces(path, options)) {
    hash.update(piece)
    onBytes?.(piece.byteLength)
  }
}
