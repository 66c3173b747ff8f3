/**
 * Turns the bytes of tokens into text that may be shown: a character is never cut, and nothing is shown that may turn
 * out to be (part of) a stop string.
 */
export class TextStream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #stops: readonly string[]
  #held = ''
  #stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  /** A stop string has come; nothing from its beginning on was given out. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** @returns what can be shown now, often nothing */
  push(bytes: Uint8Array): string {
    return this.#add(this.#decoder.decode(bytes, { stream: true }))
  }

  /** What was still held back; a character whose end never came is U+FFFD, as everywhere where bytes are decoded. */
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

  /** Length of the longest end of what is held that begins a stop string. */
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
