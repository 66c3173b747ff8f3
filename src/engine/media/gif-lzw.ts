const MAX_CODES = 4096

/** Incremental decoder of one GIF frame: returns palette indices in the order of the file. */
export class LzwDecoder {
  readonly #bytes: Uint8Array
  readonly #clear: number
  readonly #codeBits: number
  readonly #prefix = new Uint16Array(MAX_CODES)
  readonly #suffix = new Uint8Array(MAX_CODES)
  readonly #lengths = new Uint16Array(MAX_CODES)
  #next: number
  #width: number
  #previous = -1
  #bits = 0
  #bitCount = 0
  #at: number
  #blockEnd: number
  /** The rest of the last string, which did not fit into the output. */
  #remaining: Uint8Array = new Uint8Array()
  #ended: boolean

  /** `start` is the offset of the first data block. */
  constructor(bytes: Uint8Array, start: number, codeBits: number) {
    this.#bytes = bytes
    this.#ended = codeBits < 1 || codeBits > 11
    this.#codeBits = codeBits
    this.#clear = 1 << codeBits
    this.#next = this.#clear + 2
    this.#width = codeBits + 1
    this.#at = start
    this.#blockEnd = start
    if (this.#ended) return
    for (let code = 0; code < this.#clear; code += 1) {
      this.#suffix[code] = code
      this.#lengths[code] = 1
    }
  }

  /** Fills `pixels` and returns the number of pixels written; less than its length if the data ends early or is damaged. */
  read(pixels: Uint8Array): number {
    const copied = Math.min(pixels.length, this.#remaining.length)
    pixels.set(this.#remaining.subarray(0, copied))
    this.#remaining = this.#remaining.subarray(copied)
    let count = copied
    while (count < pixels.length && !this.#ended) {
      const code = this.#code()
      if (code === this.#clear) {
        this.#next = this.#clear + 2
        this.#width = this.#codeBits + 1
        this.#previous = -1
        continue
      }
      if (code < 0 || !this.#learn(code)) {
        this.#ended = true
        break
      }
      const length = this.#lengths[code] as number
      if (count + length <= pixels.length) {
        this.#spell(code, pixels, count, length)
        count += length
      } else {
        const string = new Uint8Array(length)
        this.#spell(code, string, 0, length)
        const available = pixels.length - count
        pixels.set(string.subarray(0, available), count)
        this.#remaining = string.subarray(available)
        count = pixels.length
      }
      this.#previous = code
    }
    return count
  }

  /** Reads the next code; -1 at the end of the data. */
  #code(): number {
    while (this.#bitCount < this.#width) {
      if (this.#at === this.#blockEnd) {
        const length = this.#bytes[this.#at] ?? 0
        if (length === 0) return -1
        this.#at += 1
        this.#blockEnd = this.#at + length
      }
      if (this.#at >= this.#bytes.length) return -1
      this.#bits |= (this.#bytes[this.#at] as number) << this.#bitCount
      this.#bitCount += 8
      this.#at += 1
    }
    const code = this.#bits & ((1 << this.#width) - 1)
    this.#bits >>>= this.#width
    this.#bitCount -= this.#width
    return code
  }

  /** Adds the string that this code completes; returns false for an invalid code. */
  #learn(code: number): boolean {
    const next = this.#next
    if (code === this.#clear + 1 || code > next || (code === next && this.#previous < 0)) return false
    if (this.#previous < 0 || next >= MAX_CODES) return code < next
    // The new string is the previous string plus the first colour of the current one, which may be the new string itself.
    this.#prefix[next] = this.#previous
    this.#lengths[next] = (this.#lengths[this.#previous] as number) + 1
    let first = code === next ? this.#previous : code
    while (first >= this.#clear) first = this.#prefix[first] as number
    this.#suffix[next] = first
    this.#next += 1
    if (this.#next === 1 << this.#width && this.#width < 12) this.#width += 1
    return true
  }

  #spell(code: number, pixels: Uint8Array, from: number, length: number): void {
    let walk = code
    for (let to = from + length - 1; to >= from; to -= 1) {
      pixels[to] = this.#suffix[walk] as number
      walk = this.#prefix[walk] as number
    }
  }
}
