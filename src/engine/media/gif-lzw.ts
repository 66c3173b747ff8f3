const MAX_CODES = 4096

/**
 * Colour numbers of one GIF picture, in the order of the file, into `pixels`. Returns how many there were: fewer than fit
 * when the data ends early or is damaged.
 */
export function decodeLzw(bytes: Uint8Array, start: number, codeBits: number, pixels: Uint8Array): number {
  if (codeBits < 1 || codeBits > 11) return 0
  const clear = 1 << codeBits
  const prefix = new Uint16Array(MAX_CODES)
  const suffix = new Uint8Array(MAX_CODES)
  const lengths = new Uint16Array(MAX_CODES)
  for (let code = 0; code < clear; code += 1) {
    suffix[code] = code
    lengths[code] = 1
  }
  let next = clear + 2
  let width = codeBits + 1
  let previous = -1
  let count = 0
  let bits = 0
  let held = 0
  let at = start
  let blockEnd = start
  while (count < pixels.length) {
    while (held < width) {
      if (at === blockEnd) {
        const length = bytes[at] ?? 0
        if (length === 0) return count
        at += 1
        blockEnd = at + length
      }
      if (at >= bytes.length) return count
      bits |= (bytes[at] as number) << held
      held += 8
      at += 1
    }
    const code = bits & ((1 << width) - 1)
    bits >>>= width
    held -= width
    if (code === clear) {
      next = clear + 2
      width = codeBits + 1
      previous = -1
      continue
    }
    if (code === clear + 1 || code > next || (code === next && previous < 0)) return count
    if (previous >= 0 && next < MAX_CODES) {
      // The new string is the previous one and the first colour of this one, which may be the new string itself.
      prefix[next] = previous
      lengths[next] = (lengths[previous] as number) + 1
      let first = code === next ? previous : code
      while (first >= clear) first = prefix[first] as number
      suffix[next] = first
      next += 1
      if (next === 1 << width && width < 12) width += 1
    } else if (code >= next) return count
    const length = lengths[code] as number
    for (let walk: number = code, to = count + length - 1; to >= count; to -= 1) {
      if (to < pixels.length) pixels[to] = suffix[walk] as number
      walk = prefix[walk] as number
    }
    count = Math.min(pixels.length, count + length)
    previous = code
  }
  return count
}
