/**
 * Converts the bytes of tokens to text for display. Characters are never split, and text that may be (part of) a stop string is held back.
 */
export class TextStream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #stops: readonly string[]
  #held = ''
  #stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  /** Whether a stop string was found; neither it nor the text after it was returned. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** @returns the text that can be shown now, often empty */
  push(bytes: Uint8Array): string {
    return this.#add(this.#decoder.decode(bytes, { stream: true }))
  }

  /** Returns the text that was held back; an incomplete character becomes U+FFFD, as in every UTF-8 decoder. */
  end(): string {
    const text = this.#add(this.#decoder.decode())
    const rest = this.#stopped ? '' : this.#held
    this.#held = ''
    return text + rest
  }

  #add(text: string): string {
    if (this.#stopped) return ''
    this.#held += text
    const stop = this.#firstStop()
    if (stop !== -1) this.#stopped = true
    const shown = stop === -1 ? this.#held.length - this.#possibleStop() : stop
    const out = this.#held.slice(0, shown)
    this.#held = this.#stopped ? '' : this.#held.slice(shown)
    return out
  }

  #firstStop(): number {
    const places = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((place) => place !== -1)
    return places.length === 0 ? -1 : Math.min(...places)
  }

  /** Length of the longest suffix of the held-back text that is a prefix of a stop string. */
  #possibleStop(): number {
    let longest = 0
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, this.#held.length); length > longest; length -= 1) {
        if (this.#held.endsWith(stop.slice(0, length))) longest = length
      }
    }
    return longest
  }
}
