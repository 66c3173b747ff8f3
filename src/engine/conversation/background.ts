/**
 * Background work between turns, such as cache writes. It can be paused at any time, so that it does not delay the next turn.
 * Errors are ignored, because the work only improves speed.
 */
export class Background {
  #controller = new AbortController()
  #done: Promise<void> = Promise.resolve()

  /** Starts the work. Earlier work must have been paused or awaited. */
  start(work: (signal: AbortSignal) => Promise<void>): void {
    this.#controller = new AbortController()
    this.#done = work(this.#controller.signal).catch(() => {})
  }

  /** Aborts the work and waits until it has stopped. */
  async pause(): Promise<void> {
    this.#controller.abort()
    await this.#done
  }

  /** Waits until the work is done. */
  async finish(): Promise<void> {
    await this.#done
  }
}
