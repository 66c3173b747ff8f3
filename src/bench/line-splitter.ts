/** Maximum length of a line, in bytes: far above any line of the papers' data sets, and small enough to hold in memory. */
export const MAX_LINE_BYTES = 2 ** 24

const NEWLINE = 0x0a

/** A line of a file, or an item of the JSON array in it, as bytes. */
export interface RawLine {
  /** 1-based number of the line, or of the one on which the item begins. */
  readonly line: number
  /** The line without its newline; null for a line that is too long, whose bytes are discarded as they are read. */
  readonly bytes: Buffer | null
  readonly offset: number
  /** In bytes, without the newline. */
  readonly length: number
}

/** Splits a file that is given in chunks. */
export interface Splitter {
  push(chunk: Buffer): Iterable<RawLine>
  end(): Iterable<RawLine>
}

/** Collects the bytes of a line from several chunks, up to {@link MAX_LINE_BYTES}. */
export class LineBytes {
  #parts: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  add(part: Buffer): void {
    this.#length += part.length
    if (this.#length > MAX_LINE_BYTES) this.#parts = []
    else this.#parts.push(part)
  }

  /** Returns what was collected, and starts again. */
  take(): Pick<RawLine, 'bytes' | 'length'> {
    const taken = { bytes: this.#length > MAX_LINE_BYTES ? null : Buffer.concat(this.#parts), length: this.#length }
    this.#parts = []
    this.#length = 0
    return taken
  }
}

/** Splits at newlines. */
export class LineSplitter implements Splitter {
  readonly #bytes = new LineBytes()
  #line = 1
  #offset = 0;

  *push(chunk: Buffer): Iterable<RawLine> {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#bytes.add(chunk.subarray(from, end))
      yield this.#take()
      from = end + 1
    }
    if (from < chunk.length) this.#bytes.add(chunk.subarray(from))
  }

  *end(): Iterable<RawLine> {
    if (this.#bytes.length > 0) yield this.#take()
  }

  #take(): RawLine {
    const taken = { line: this.#line++, offset: this.#offset, ...this.#bytes.take() }
    this.#offset += taken.length + 1
    return taken
  }
}
