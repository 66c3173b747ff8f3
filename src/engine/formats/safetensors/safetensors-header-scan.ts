/** A header is an object of objects of lists. */
const MOST_DEPTH = 3
/** Far above what real files hold: a model of 72 billion has a thousand tensors. Two brackets a tensor, some fifteen commas. */
const MOST_BRACKETS = 1 << 17
const MOST_COMMAS = 1 << 20
/** Metadata may be long; 2^53 has 16 digits. */
const MOST_TEXT_BYTES = 1 << 20
const MOST_WORD_BYTES = 24

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c

/**
 * What makes a header other than one of tensors, as the end of a sentence; null when nothing does. It builds nothing:
 * `JSON.parse` turns a header of 100 MB of brackets into 3 GB of empty lists, so this goes before it.
 */
export function headerComplaint(bytes: Uint8Array): string | null {
  let depth = 0
  let brackets = 0
  let commas = 0
  /** Bytes since the last that was not part of a number or a word. */
  let word = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) {
      const end = endOfText(bytes, at)
      if (end - at > MOST_TEXT_BYTES) return 'has a name beyond all reason in its header'
      at = end
      word = 0
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++
      brackets++
      word = 0
      if (depth > MOST_DEPTH) return 'has a header that is nested deeper than tensors are described'
      if (brackets > MOST_BRACKETS) return 'describes more tensors than any model has'
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
      word = 0
    } else if (byte === COMMA) {
      commas++
      word = 0
      if (commas > MOST_COMMAS) return 'describes more tensors than any model has'
    } else if (byte <= 0x20 || byte === 0x3a) word = 0
    else if (++word > MOST_WORD_BYTES) return 'has a number beyond all bounds in its header'
  }
  return null
}

/** Where the closing quote is, or the last byte when there is none. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return Math.min(at, bytes.length - 1)
}
