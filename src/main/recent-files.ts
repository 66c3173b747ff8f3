import { app } from 'electron'
import { z } from 'zod'
import { readKept, writeKept } from './kept-json.ts'

const KEPT = 'recent'
const MOST = 10

const kept = z.array(z.string()).max(1000)

/** The files opened last, for the menu; the system is told too, for its own lists. */
export class RecentFiles {
  readonly #onChange: () => void
  #paths: readonly string[]

  constructor(onChange: () => void) {
    this.#onChange = onChange
    const read = kept.safeParse(readKept(KEPT))
    this.#paths = read.success ? read.data.slice(0, MOST) : []
  }

  /** The newest first. */
  get paths(): readonly string[] {
    return this.#paths
  }

  note(path: string): void {
    app.addRecentDocument(path)
    this.#keep([path, ...this.#paths.filter((other) => other !== path)].slice(0, MOST))
  }

  clear(): void {
    app.clearRecentDocuments()
    this.#keep([])
  }

  #keep(paths: readonly string[]): void {
    this.#paths = paths
    writeKept(KEPT, paths)
    this.#onChange()
  }
}
