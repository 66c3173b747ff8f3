/** Something that changes, and those who want to be told. A watcher that is slow gets the newest value, not every one. */
export class Watched<T> {
  readonly #read: () => T
  readonly #wakes = new Set<() => void>()

  /** `read` gives the value as it is at the moment. */
  constructor(read: () => T) {
    this.#read = read
  }

  changed(): void {
    for (const wake of this.#wakes) wake()
  }

  /** The value now, and again after every change, until the loop is left or the signal aborts. */
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
