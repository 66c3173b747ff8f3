/** Systems pass files one at a time, some with one program start each. Files within this interval are opened together. */
const QUIET_MS = 300

/** Collects paths and passes them on together after {@link QUIET_MS} without another path. */
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
