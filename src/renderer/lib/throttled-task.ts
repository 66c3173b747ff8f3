/** Does the same work over and over as it is wanted: one run at a time, and a rest after each, however often it is wanted meanwhile. */
export class ThrottledTask {
  readonly #work: () => Promise<void>
  readonly #intervalMs: number
  #running = false
  #requested = false

  /** `work` tells its own failures. */
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
