/** Runs the same work on request, one run at a time, with a pause after each. Requests during a run are merged into one. */
export class ThrottledTask {
  readonly #work: () => Promise<void>
  readonly #intervalMs: number
  #running = false
  #requested = false

  /** `work` must handle its own errors. */
  constructor(work: () => Promise<void>, intervalMs: number) {
    this.#work = work
    this.#intervalMs = intervalMs
  }

  request(): void {
    this.#requested = true
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#requested) {
        this.#requested = false
        await this.#work()
        await new Promise((resolve) => setTimeout(resolve, this.#intervalMs))
      }
    } finally {
      this.#running = false
    }
  }
}
