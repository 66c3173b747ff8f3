import { LineBytes, type RawLine, type Splitter } from './line-splitter.ts'

/** Number of bytes in which the first bracket of an array is looked for. */
const BEGINNING = 1024

/** Whether the file that begins with a chunk is a JSON array rather than JSON lines. */
export function beginsArray(chunk: Buffer): boolean {
  // `trimStart` removes a byte order mark, too.
  return chunk.toString('utf8', 0, BEGINNING).trimStart().startsWith('[')
}

/** Splits a JSON array into its items, with one item in memory at a time. Text outside of the array is split at newlines. */
export class ArraySplitter implements Splitter {
  readonly #bytes = new LineBytes()
  #line = 1
  /** Number of bytes in the chunks before the current one. */
  #read = 0
  /** Number of open brackets; 0 before and after the array. */
  #depth = 0
  #inString = false
  #escaped = false
  /** Where the current item begins; null between items. */
  #item: Pick<RawLine, 'line' | 'offset'> | null = null;

  *push(chunk: Buffer): Iterable<RawLine> {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const character = String.fromCharCode(chunk[at] ?? 0)
      if (this.#separates(character)) {
        if (this.#item !== null) this.#bytes.add(chunk.subarray(from, at))
        yield* this.#takeItem()
      } else if (this.#item === null && character.trim() !== '') {
        this.#item = { line: this.#line, offset: this.#read + at }
        from = at
      }
      if (character === '\n') this.#line++
    }
    if (this.#item !== null) this.#bytes.add(chunk.subarray(from))
    this.#read += chunk.length
  }

  /** The last item, and one that is not JSON if the array is not closed, so that a file which was cut off between two items is reported. */
  *end(): Iterable<RawLine> {
    const isCutOff = this.#depth === 1 && !this.#inString
    yield* this.#takeItem()
    if (isCutOff) yield { line: this.#line, offset: this.#read, bytes: Buffer.from('['), length: 0 }
  }

  *#takeItem(): Iterable<RawLine> {
    if (this.#item === null) return
    const item = { ...this.#item, ...this.#bytes.take() }
    this.#item = null
    yield item
  }

  /** Whether a character is between two items: a comma or a bracket of the array itself. Follows strings and brackets. */
  #separates(character: string): boolean {
    if (this.#inString) {
      if (character === '"' && !this.#escaped) this.#inString = false
      this.#escaped = character === '\\' && !this.#escaped
      return false
    }
    if (this.#depth === 0) {
      if (character === '[') this.#depth = 1
      return character === '[' || character === '\n'
    }
    switch (character) {
      case '"':
        this.#inString = true
        return false
      case '[':
      case '{':
        this.#depth++
        return false
      case ']':
      case '}':
        return --this.#depth === 0
      case ',':
        return this.#depth === 1
      default:
        return false
    }
  }
}
