import { randomUUID } from 'node:crypto'
import { mkdir, readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { move, remove } from '../../platform/move.ts'

/** 8 GiB: about a hundred clips' embeddings, or a dozen KV states of a 7B model. */
export const DEFAULT_CACHE_BYTES = 8 * 1024 ** 3

/** An hour: leftovers of a process that died are removed after that, never those of one that still writes. */
const ABANDONED_MS = 60 * 60 * 1000

/**
 * A folder of derived files with a size limit; the least recently used go first. Files are written aside and renamed,
 * so a reader never sees half of one, and several processes may share the folder.
 */
export class DiskCache {
  readonly #directory: string
  readonly #maxBytes: number

  constructor(directory: string, maxBytes: number = DEFAULT_CACHE_BYTES) {
    this.#directory = directory
    this.#maxBytes = maxBytes
  }

  /** The file's path when it is there, marked as used just now. */
  async find(name: string): Promise<string | null> {
    const path = join(this.#directory, name)
    const now = new Date()
    try {
      await utimes(path, now, now)
      return path
    } catch {
      return null // not there, or not ours to touch: either way it is not a hit
    }
  }

  /** Whether any file begins so; lets a caller skip computing a full key. */
  async hasPrefix(prefix: string): Promise<boolean> {
    return (await this.#names()).some((name) => name.startsWith(prefix))
  }

  /** Removes a file that is of no use; one that is in use stays, until it is written over or the limit is reached the next time. */
  async drop(name: string): Promise<void> {
    await remove(join(this.#directory, name)).catch(() => {})
  }

  /** Writes a file through `write`, which is given a path aside, then puts it in its place and drops what is over the limit. */
  async store(name: string, write: (path: string) => Promise<void>): Promise<void> {
    const aside = await this.scratch()
    try {
      await write(aside)
      await move(aside, join(this.#directory, name))
    } finally {
      await remove(aside)
    }
    await this.#trim(name)
  }

  /** A path for something that is wanted for a short while only. Whoever writes it removes it; what a dead process left goes with time. */
  async scratch(): Promise<string> {
    await mkdir(this.#directory, { recursive: true })
    return join(this.#directory, `.${randomUUID()}.part`)
  }

  async #trim(keep: string): Promise<void> {
    const files = []
    for (const name of await this.#names()) {
      const facts = await stat(join(this.#directory, name)).catch(() => null)
      if (!facts?.isFile()) continue
      if (name.startsWith('.')) {
        if (Date.now() - facts.mtimeMs > ABANDONED_MS) await this.drop(name)
      } else files.push({ name, bytes: facts.size, used: facts.mtimeMs })
    }
    files.sort((a, b) => b.used - a.used)
    let total = 0
    for (const file of files) {
      total += file.bytes
      if (total > this.#maxBytes && file.name !== keep) await this.drop(file.name)
    }
  }

  async #names(): Promise<string[]> {
    return readdir(this.#directory).catch(() => [])
  }
}
