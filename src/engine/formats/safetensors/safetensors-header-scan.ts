/** A header is an object of objects of lists. */
const MAX_DEPTH = 3
/**
 * Limits far above those of real files: a model with 72 billion parameters has a thousand tensors, with two brackets and about fifteen
 * commas each.
 */
const MAX_BRACKETS = 1 << 17
const MAX_COMMAS = 1 << 20
/** Metadata may be long; 2^53 has 16 digits. */
const MAX_TEXT_BYTES = 1 << 20
const MAX_WORD_BYTES = 24

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c

/**
 * Checks that a header can be one of tensors. Returns the problem as the end of a sentence, or null. It runs before `JSON.parse` and
 * allocates no objects, because `JSON.parse` turns a header of 100 MB of brackets into 3 GB of empty lists.
 */
export function headerComplaint(bytes: Uint8Array): string | null {
  let depth = 0
  let brackets = 0
  let commas = 0
  /** Length of the current number or keyword, in bytes. */
  let word = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) {
      const end = endOfText(bytes, at)
      if (end - at > MAX_TEXT_BYTES) return 'has a tensor name in its header that is too long'
      at = end
      word = 0
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++
      brackets++
      word = 0
      if (depth > MAX_DEPTH) return 'has a header that is nested too deeply'
      if (brackets > MAX_BRACKETS) return 'describes too many tensors'
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
      word = 0
    } else if (byte === COMMA) {
      commas++
      word = 0
      if (commas > MAX_COMMAS) return 'describes too many tensors'
    } else if (byte <= 0x20 || byte === 0x3a) word = 0
    else if (++word > MAX_WORD_BYTES) return 'has a number in its header that is too large'
  }
  return null
}

/** Index of the closing quote, or of the last byte if there is none. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return Math.min(at, bytes.length - 1)
}
