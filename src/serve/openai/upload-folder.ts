import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Serial } from '../../engine/serial.ts'
import { newId } from '../../library/ids.ts'
import { move, remove } from '../../platform/move.ts'

/** Files that came with requests are kept for the next question about them; the least recently used go when there are more. */
export const MAX_UNUSED_FILES = 64

/**
 * Files that came with requests, under their content's name, so that the same one is found again. What a request uses stays until it says that it
 * is done, however many files that are.
 */
export class UploadFolder {
  readonly #folder: string
  /** How many requests use a file. */
  readonly #uses = new Map<string, number>()
  /** When a file was last used, by this process. */
  readonly #lastUse = new Map<string, number>()
  /** A file is put in its place or removed, never both at once. */
  readonly #serial = new Serial()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** A path to write at, in use until it is put in its place or discarded. */
  async scratch(): Promise<string> {
    await mkdir(this.#folder, { recursive: true })
    const path = join(this.#folder, `${newId()}.part`)
    this.#take(path)
    return path
  }

  /** Removes what was written at a scratch path; nothing where it is in its place already. */
  async discard(scratch: string): Promise<void> {
    await remove(scratch)
    this.#giveBack(scratch)
  }

  /** Gives what was written at a scratch path its name, unless the same content is there already. In use until {@link release}. */
  async place(scratch: string, name: string): Promise<string> {
    const path = join(this.#folder, name)
    const leave = await this.#serial.enter()
    try {
      // One that is there is not replaced: whoever has opened it would take it for another file.
      if (!(await exists(path))) await move(scratch, path)
      this.#take(path)
      return path
    } finally {
      leave()
    }
  }

  /** Files that a request used and does not need any more; removes what is too many. */
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
    const names = await readdir(this.#folder).catch(() => []) // no request has brought a file yet
    const surplus = names.length - MAX_UNUSED_FILES
    if (surplus <= 0) return
    const idle = names.map((name) => join(this.#folder, name)).filter((path) => !this.#uses.has(path))
    const times = new Map(await Promise.all(idle.map(async (path) => [path, await this.#lastUseOf(path)] as const)))
    for (const path of idle.sort((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0)).slice(0, surplus)) {
      await remove(path)
      this.#lastUse.delete(path)
    }
  }

  /** Of files that an earlier process left, when they were written. */
  async #lastUseOf(path: string): Promise<number> {
    return this.#lastUse.get(path) ?? (await stat(path).catch(() => null))?.mtimeMs ?? 0
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
