import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Serial } from '../../engine/serial.ts'
import { newId } from '../../library/ids.ts'
import { exists } from '../../platform/disk.ts'
import { move, remove } from '../../platform/move.ts'

/** Number of files that are kept for further questions; the least recently used are removed first. */
export const MAX_UNUSED_FILES = 64

/**
 * Stores files of requests under the hash of their content, so that repeated content is found again. Files that a request uses are kept until it
 * releases them, regardless of their number.
 */
export class UploadFolder {
  readonly #folder: string
  /** Number of requests that use each file. */
  readonly #uses = new Map<string, number>()
  /** Time of each file's last use by this process. */
  readonly #lastUse = new Map<string, number>()
  /** Serialises placing and removing files. */
  readonly #serial = new Serial()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Returns a temporary path, which counts as in use until it is discarded. */
  async scratch(): Promise<string> {
    await mkdir(this.#folder, { recursive: true })
    const path = join(this.#folder, `${newId()}.part`)
    this.#take(path)
    return path
  }

  /** Removes the file at a temporary path, if it was not moved by {@link place}. */
  async discard(scratch: string): Promise<void> {
    await remove(scratch)
    this.#giveBack(scratch)
    this.#lastUse.delete(scratch)
  }

  /** Moves a file from its temporary path to its name, unless that exists. It is in use until {@link release}. */
  async place(scratch: string, name: string): Promise<string> {
    const path = join(this.#folder, name)
    const leave = await this.#serial.enter()
    try {
      // An existing file is not replaced: a process that has it open would treat it as changed.
      if (!(await exists(path))) await move(scratch, path)
      this.#take(path)
      return path
    } finally {
      leave()
    }
  }

  /** Releases files of a request, and removes surplus files. */
  async release(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#giveBack(path)
    const leave = await this.#serial.enter()
    try {
      await this.#tidy()
    } finally {
      leave()
    }
  }

  #take(path: string): void {
    this.#uses.set(path, (this.#uses.get(path) ?? 0) + 1)
    this.#lastUse.set(path, Date.now())
  }

  #giveBack(path: string): void {
    const uses = (this.#uses.get(path) ?? 0) - 1
    if (uses > 0) this.#uses.set(path, uses)
    else this.#uses.delete(path)
  }

  async #tidy(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []) // no request has sent a file yet
    const surplus = names.length - MAX_UNUSED_FILES
    if (surplus <= 0) return
    const idle = names.map((name) => join(this.#folder, name)).filter((path) => !this.#uses.has(path))
    const times = new Map(await Promise.all(idle.map(async (path) => [path, await this.#lastUseOf(path)] as const)))
    for (const path of idle.sort((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0)).slice(0, surplus)) {
      await remove(path)
      this.#lastUse.delete(path)
    }
  }

  /** Returns the time of a file's last use; for files of an earlier process, the time of their last change. */
  async #lastUseOf(path: string): Promise<number> {
    return this.#lastUse.get(path) ?? (await stat(path).catch(() => null))?.mtimeMs ?? 0
  }
}
