import { randomUUID } from 'node:crypto'
import { mkdir, readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { move, remove } from '../../platform/move.ts'

/** Folder of the cache of clips in a data folder. */
export function clipCacheFolder(home: string): string {
  return join(home, 'cache', 'clips')
}

/** 8 GiB: embeddings of about a hundred clips, or a dozen KV states of a 7B model. */
export const DEFAULT_CACHE_BYTES = 8 * 1024 ** 3

/** Temporary files older than an hour belong to a process that died, and are removed. */
const ABANDONED_MS = 60 * 60 * 1000

/**
 * A folder of derived files with a size limit and least-recently-used eviction. Files are written to temporary paths and renamed,
 * so readers never see partial files, and several processes can share the folder.
 */
export class DiskCache {
  readonly #directory: string
  readonly #maxBytes: number

  constructor(directory: string, maxBytes: number = DEFAULT_CACHE_BYTES) {
    this.#directory = directory
    this.#maxBytes = maxBytes
  }

  /** Path of the file if it exists; marks it as used now. */
  async find(name: string): Promise<string | null> {
    const path = join(this.#directory, name)
    const now = new Date()
    try {
      await utimes(path, now, now)
      return path
    } catch {
      return null // missing or not accessible: not a hit
    }
  }

  /** Whether any file name starts with `prefix` and ends with `ending`, so that a caller can skip computing the full key. */
  async hasPrefix(prefix: string, ending = ''): Promise<boolean> {
    return (await this.#names()).some((name) => name.startsWith(prefix) && name.endsWith(ending))
  }

  /** Removes a useless file. A file in use stays until it is overwritten or evicted. */
  async drop(name: string): Promise<void> {
    await remove(join(this.#directory, name)).catch(() => {})
  }

  /** Writes a file through `write` to a temporary path, renames it, and evicts files above the limit. */
  async store(name: string, write: (path: string) => Promise<void>): Promise<void> {
    const temporary = await this.scratch()
    try {
      await write(temporary)
      await move(temporary, join(this.#directory, name))
    } finally {
      await remove(temporary)
    }
    await this.#trim(name)
  }

  /** A temporary path. The caller removes the file; files of dead processes are removed later. */
  async scratch(): Promise<string> {
    await mkdir(this.#directory, { recursive: true })
    return join(this.#directory, `.${randomUUID()}.part`)
  }

  async #trim(keep: string): Promise<void> {
    const files = []
    for (const name of await this.#names()) {
      const stats = await stat(join(this.#directory, name)).catch(() => null)
      if (!stats?.isFile()) continue
      if (name.startsWith('.')) {
        if (Date.now() - stats.mtimeMs > ABANDONED_MS) await this.drop(name)
      } else files.push({ name, bytes: stats.size, used: stats.mtimeMs })
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
