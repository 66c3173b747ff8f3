/** Limits restarts of a crashing process: one that crashes more often is not expected to recover. */
export class RestartLimit {
  readonly #maxRestarts: number
  readonly #withinMs: number
  #restarts: number[] = []

  /** Allows `most` restarts within `withinMs` milliseconds. */
  constructor(maxRestarts = 3, withinMs = 5 * 60 * 1000) {
    this.#maxRestarts = maxRestarts
    this.#withinMs = withinMs
  }

  /** Counts a restart. Returns false if the limit was already reached. */
  take(now: number = Date.now()): boolean {
    this.#restarts = this.#restarts.filter((time) => now - time < this.#withinMs)
    if (this.#restarts.length >= this.#maxRestarts) return false
    this.#restarts.push(now)
    return true
  }
}
