/** Does the same work over and over as it is wanted: one run at a time, and a rest after each, however often it is wanted meanwhile. */
export class Again {
  readonly #work: () => Promise<void>
  readonly #restMs: number
  #going = false
  #wanted = false

  /** `work` tells its own failures. */
  constructor(work: () => Promise<void>, restMs: number) {
    this.#work = work
    this.#restMs = restMs
  }

  want(): void {
    this.#wanted = true
    if (!this.#going) void this.#go()
  }

  async #go(): Promise<void> {
    this.#going = true
    try {
      while (this.#wanted) {
        this.#wanted = false
        await this.#work()
        await new Promise((resolve) => setTimeout(resolve, this.#restMs))
      }
    } finally {
      this.#going = false
    }
  }
}
