import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { writeAt } from '../../platform/write-at.ts'

/** A file in its folder: plain name, size, and sha256 as hex. */
export interface HashedFile {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/** Number of bytes to append between flushes. */
const FLUSH_BYTES = 64 * 1024 * 1024

/** Existing content at the start of a file. */
export interface Resumed {
  readonly bytes: number
  readonly hash: Hash
}

export interface GrowingFileOptions {
  /** The file is truncated to this size. Defaults to an empty file. */
  readonly resumed?: Resumed | undefined
  /** Whether the data is flushed to disk, which a temporary file does not need. Defaults to true. */
  readonly durable?: boolean | undefined
}

/**
 * A file that is appended to and hashed at the same time. A chunk is written while the next one is produced, and written data is flushed to
 * disk while more is appended; doing conversion, writing and syncing sequentially took 50% longer.
 */
export class GrowingFile {
  readonly #name: string
  readonly #handle: FileHandle
  readonly #hash: Hash
  readonly #durable: boolean
  #bytes: number
  #flushed: number
  #writing: Promise<void> = Promise.resolve()
  #flushing: Promise<void> = Promise.resolve()

  private constructor(name: string, handle: FileHandle, { bytes, hash }: Resumed, durable: boolean) {
    this.#name = name
    this.#handle = handle
    this.#durable = durable
    this.#hash = hash
    this.#bytes = bytes
    this.#flushed = bytes
  }

  /** `flags` as for `open`. */
  static async open(path: string, flags: string | number, options: GrowingFileOptions = {}): Promise<GrowingFile> {
    const { resumed = { bytes: 0, hash: createHash('sha256') }, durable = true } = options
    const handle = await open(path, flags)
    try {
      await handle.truncate(resumed.bytes)
    } catch (error) {
      await handle.close()
      throw error
    }
    return new GrowingFile(basename(path), handle, resumed, durable)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether enough was appended since the last {@link flush} to flush again. */
  get flushIsDue(): boolean {
    return this.#durable && this.#bytes - this.#flushed >= FLUSH_BYTES
  }

  /** Appends a chunk, whose memory must not change until the next call has returned. Errors may be thrown by a later call. */
  async append(piece: Uint8Array): Promise<void> {
    await this.#writing
    this.#writing = writeAt(this.#handle, piece, this.#bytes)
    this.#writing.catch(() => {}) // thrown by the next call that awaits it
    this.#hash.update(piece)
    this.#bytes += piece.byteLength
  }

  /**
   * Starts to flush all appended data to disk, and afterwards calls `then` with the flushed state. Waits for the previous flush, so that at
   * most two are in memory.
   */
  async flush(then: (file: HashedFile) => Promise<void> = async () => {}): Promise<void> {
    await this.#flushing
    await this.#writing
    const file = this.#hashed(this.#hash.copy())
    this.#flushed = this.#bytes
    this.#flushing = this.#handle.datasync().then(() => then(file))
    this.#flushing.catch(() => {}) // thrown by the next call that awaits it
  }

  /** Flushes everything to disk, if durable, and closes the file. */
  async finish(): Promise<HashedFile> {
    await this.#flushing
    await this.#writing
    if (this.#durable) await this.#handle.sync()
    await this.#handle.close()
    return this.#hashed(this.#hash)
  }

  /** Closes the file as is, if {@link finish} was not reached; otherwise does nothing. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing]) // already thrown, or less relevant than the original error
    await this.#handle.close()
  }

  #hashed(hash: Hash): HashedFile {
    return { file: this.#name, bytes: this.#bytes, sha256: hash.digest('hex') }
  }
}
