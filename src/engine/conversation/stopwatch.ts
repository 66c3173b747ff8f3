/** Sums the time of one stage of a run. Stages overlap, so each has its own stopwatch. */
export class Stopwatch {
  #total = 0

  /** Milliseconds so far. */
  get milliseconds(): number {
    return this.#total
  }

  add(milliseconds: number): void {
    this.#total += milliseconds
  }

  async time<T>(work: () => Promise<T>): Promise<T> {
    const begin = performance.now()
    try {
      return await work()
    } finally {
      this.#total += performance.now() - begin
    }
  }

  /** Passes items on, and measures the time that their source takes. */
  async *watch<T>(source: AsyncIterable<T>): AsyncGenerator<T, void> {
    const iterator = source[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await this.time(() => iterator.next())
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await iterator.return?.()
    }
  }
}
