/** Longest cycle looked for, in tokens. */
const LONGEST_PERIOD = 256
/** A cycle is endless once it was said so often in a row … */
const LEAST_ROUNDS = 5
/** … and the rounds together are so long: a word said twenty times is no loop yet. */
const LEAST_TOKENS = 64

/**
 * Notices that the last tokens go round in a circle: the same cycle of up to 256 tokens at least five times in a row and
 * over at least 64 tokens. So one token must come 64 times, a sentence of twelve six times, one of thirty five times.
 */
export class RepetitionDetector {
  /** Tokens that came, the last {@link LONGEST_PERIOD} of them, in a ring. */
  readonly #ring = new Int32Array(LONGEST_PERIOD)
  /** For each period, how many of the last tokens in a row equal the one a period before. */
  readonly #matches = new Int32Array(LONGEST_PERIOD + 1)
  #count = 0

  /** Takes note of a token; true when it closes an endless repetition. */
  add(token: number): boolean {
    let endless = false
    const reach = Math.min(this.#count, LONGEST_PERIOD)
    for (let period = 1; period <= reach; period += 1) {
      if (this.#ring[(this.#count - period) % LONGEST_PERIOD] !== token) {
        this.#matches[period] = 0
        continue
      }
      const matches = (this.#matches[period] ?? 0) + 1
      this.#matches[period] = matches
      if (matches + period >= Math.max(LEAST_TOKENS, LEAST_ROUNDS * period)) endless = true
    }
    this.#ring[this.#count % LONGEST_PERIOD] = token
    this.#count += 1
    return endless
  }
}
