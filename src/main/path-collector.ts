/** Systems hand over files one by one, some a program's start each: those that come shortly after each other belong together. */
const QUIET_MS = 300

/** Collects paths, and gives them on together once no more come. */
export class PathCollector {
  readonly #onPaths: (paths: readonly string[]) => void
  readonly #paths = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(onPaths: (paths: readonly string[]) => void) {
    this.#onPaths = onPaths
  }

  add(paths: readonly string[]): void {
    if (paths.length === 0) return
    for (const path of paths) this.#paths.add(path)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const collected = [...this.#paths]
      this.#paths.clear()
      this.#onPaths(collected)
    }, QUIET_MS)
  }
}
