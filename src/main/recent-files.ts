import { app } from 'electron'
import { z } from 'zod'
import { readStored, writeStored } from './stored-json.ts'

const FILE_NAME = 'recent'
const MAX_FILES = 10

const storedSchema = z.array(z.string()).max(1000)

/** Recently opened files, for the menu. They are also added to the system's own list. */
export class RecentFiles {
  readonly #onChange: () => void
  #paths: readonly string[]

  constructor(onChange: () => void) {
    this.#onChange = onChange
    const read = storedSchema.safeParse(readStored(FILE_NAME))
    this.#paths = read.success ? read.data.slice(0, MAX_FILES) : []
  }

  /** Paths, newest first. */
  get paths(): readonly string[] {
    return this.#paths
  }

  /** Adds opened files; the last of them becomes the newest. */
  note(paths: readonly string[]): void {
    if (paths.length === 0) return
    const newest = paths.slice(-MAX_FILES)
    for (const path of newest) app.addRecentDocument(path)
    this.#store([...new Set([...newest.toReversed(), ...this.#paths])].slice(0, MAX_FILES))
  }

  clear(): void {
    app.clearRecentDocuments()
    this.#store([])
  }

  #store(paths: readonly string[]): void {
    this.#paths = paths
    writeStored(FILE_NAME, paths)
    this.#onChange()
  }
}
