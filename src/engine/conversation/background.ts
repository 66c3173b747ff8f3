/**
 * One piece of work that goes on between turns and must not delay the next one: it can be paused at any time.
 * What it does is for speed only, so that its failure is nobody's.
 */
export class Background {
  #controller = new AbortController()
  #done: Promise<void> = Promise.resolve()

  /** Begins; what is still under way must have been paused or awaited. */
  start(work: (signal: AbortSignal) => Promise<void>): void {
    this.#controller = new AbortController()
    this.#done = work(this.#controller.signal).catch(() => {})
  }

  /** Aborts it, and waits until it has stopped. */
  async pause(): Promise<void> {
    this.#controller.abort()
    await this.#done
  }

  /** Waits until it is done. */
  async finish(): Promise<void> {
    await this.#done
  }
}
