import type { Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isMissing } from '../../../platform/file-failure.ts'
import { addFile } from '../../../platform/file-pieces.ts'
import { move, remove } from '../../../platform/move.ts'
import { writeAt } from '../../../platform/write-at.ts'
import { beginHash } from './content-hash.ts'
import type { RemoteFile } from './repository-listing.ts'

/**
 * A partially downloaded file, `<path>.part`, with its ETag in a file beside it. It is kept after the process ends, so that a later process
 * can resume the download. The hash is updated with each chunk; bytes from an earlier process are hashed again on opening.
 */
export class PartFile implements AsyncDisposable {
  readonly #path: string
  readonly #remote: RemoteFile
  readonly #file: FileHandle
  #hash: Hash
  #bytes: number
  #etag: string | null

  private constructor(path: string, remote: RemoteFile, file: FileHandle, hash: Hash, bytes: number, etag: string | null) {
    this.#path = path
    this.#remote = remote
    this.#file = file
    this.#hash = hash
    this.#bytes = bytes
    this.#etag = etag
  }

  /**
   * Opens or creates the file. `onPresent` receives the number of existing bytes as they are hashed. If the existing file is longer than the
   * remote one, it is emptied.
   */
  static async open(stem: string, remote: RemoteFile, signal: AbortSignal, onPresent: (bytes: number) => void): Promise<PartFile> {
    const path = `${stem}.part`
    await mkdir(dirname(path), { recursive: true })
    // Not 'a': on Windows such a handle lacks the permission to truncate the file (nodejs/node#3177).
    const file = await open(path, constants.O_RDWR | constants.O_CREAT)
    try {
      let { size } = await file.stat()
      if (size > remote.bytes) {
        await file.truncate(0)
        size = 0
      }
      const hash = beginHash(remote)
      if (size > 0) await addFile(hash, path, { signal, onBytes: onPresent })
      return new PartFile(path, remote, file, hash, size, size === 0 ? null : await textOrNull(`${path}.etag`))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  /** ETag of the file that the bytes belong to; null if the server gave no strong ETag. */
  get etag(): string | null {
    return this.#etag
  }

  /** Discards all bytes and sets the ETag of the following ones. */
  async restart(etag: string | null): Promise<void> {
    await this.#file.truncate(0)
    this.#bytes = 0
    this.#hash = beginHash(this.#remote)
    // A weak ETag does not guarantee identical bytes, so parts cannot be combined.
    this.#etag = etag === null || etag.startsWith('W/') ? null : etag
    if (this.#etag === null) await remove(`${this.#path}.etag`)
    else await writeFile(`${this.#path}.etag`, this.#etag)
  }

  async append(piece: Uint8Array): Promise<void> {
    await writeAt(this.#file, piece, this.#bytes)
    this.#hash.update(piece)
    this.#bytes += piece.byteLength
  }

  /** Whether the file is complete and matches the hub's hash. Call it only once; after `false`, call {@link restart}. */
  isWhole(): boolean {
    return this.#bytes === this.#remote.bytes && this.#hash.digest('hex') === this.#remote.hash
  }

  /** Moves the complete file to its final path. */
  async finish(target: string): Promise<void> {
    await this.#file.sync()
    await this.#file.close()
    await mkdir(dirname(target), { recursive: true })
    await move(this.#path, target)
    await remove(`${this.#path}.etag`)
  }

  async remove(): Promise<void> {
    await this.#file.close()
    for (const path of [this.#path, `${this.#path}.etag`]) await remove(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close() // no effect if already closed
  }
}

async function textOrNull(path: string): Promise<string | null> {
  try {
    const text = await readFile(path, 'utf8')
    return /^"[\x21\x23-\x7e]{1,500}"$/.test(text) ? text : null
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
