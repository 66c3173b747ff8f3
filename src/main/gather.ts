/** Systems hand over files one by one, some a program's start each: those that come shortly after each other belong together. */
const QUIET_MS = 300

/** Collects paths, and gives them on together once no more come. */
export class Gather {
  readonly #give: (paths: readonly string[]) => void
  readonly #paths = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(give: (paths: readonly string[]) => void) {
    this.#give = give
  }

  add(paths: readonly string[]): void {
    if (paths.length === 0) return
    for (const path of paths) this.#paths.add(path)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const gathered = [...this.#paths]
      this.#paths.clear()
      this.#give(gathered)
    }, QUIET_MS)
  }
}
