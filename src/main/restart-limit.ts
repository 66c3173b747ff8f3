/** How often a process that crashed is started again: what crashes more often than that would only crash on. */
export class RestartLimit {
  readonly #maxRestarts: number
  readonly #withinMs: number
  #restarts: number[] = []

  /** `most` restarts in `withinMs` milliseconds. */
  constructor(maxRestarts = 3, withinMs = 5 * 60 * 1000) {
    this.#maxRestarts = maxRestarts
    this.#withinMs = withinMs
  }

  /** Counts a restart; false where there were too many already. */
  take(now: number = Date.now()): boolean {
    this.#restarts = this.#restarts.filter((time) => now - time < this.#withinMs)
    if (this.#restarts.length >= this.#maxRestarts) return false
    this.#restarts.push(now)
    return true
  }
}
