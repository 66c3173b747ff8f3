/** A value that can be watched. Slow watchers get the latest value, not every change. */
export class Watched<T> {
  readonly #read: () => T
  readonly #wakes = new Set<() => void>()

  /** @param read returns the current value */
  constructor(read: () => T) {
    this.#read = read
  }

  changed(): void {
    for (const wake of this.#wakes) wake()
  }

  /** Yields the current value, and again after each change, until the loop is left or the signal aborts. */
  async *watch(signal: AbortSignal | undefined): AsyncGenerator<T, void> {
    let dirty = true
    let wake = () => {}
    const mark = () => {
      dirty = true
      wake()
    }
    this.#wakes.add(mark)
    signal?.addEventListener('abort', mark, { once: true })
    try {
      while (!signal?.aborted) {
        if (dirty) {
          dirty = false
          yield this.#read()
          continue
        }
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#wakes.delete(mark)
      signal?.removeEventListener('abort', mark)
    }
  }
}
