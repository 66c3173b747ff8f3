/** Longest cycle to detect, in tokens. */
const LONGEST_PERIOD = 256
/** Minimum number of consecutive repetitions of a cycle. */
const MIN_ROUNDS = 5
/** Minimum total length of the repetitions in tokens, because a word repeated twenty times is not yet a loop. */
const MIN_TOKENS = 64

/**
 * Detects that generation is stuck in a loop: the same cycle of up to 256 tokens, at least five times in a row and over at least 64 tokens.
 * So a single token must occur 64 times, a sentence of twelve tokens six times, one of thirty tokens five times.
 */
export class RepetitionDetector {
  /** Ring buffer of the last {@link LONGEST_PERIOD} tokens. */
  readonly #ring = new Int32Array(LONGEST_PERIOD)
  /** For each period, the number of consecutive last tokens that equal the token one period earlier. */
  readonly #matches = new Int32Array(LONGEST_PERIOD + 1)
  #count = 0

  /** Adds a token; returns true if it completes a loop. */
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
      if (matches + period >= Math.max(MIN_TOKENS, MIN_ROUNDS * period)) endless = true
    }
    this.#ring[this.#count % LONGEST_PERIOD] = token
    this.#count += 1
    return endless
  }
}
