/** In UTF-16 units: at most 240 bytes in UTF-8, of the 255 that file systems allow. */
const LONGEST = 80

/** All but letters and digits of any script with their marks, the joiners that some scripts write inside of words, and `.`, `_` and `-`. */
const OTHERS = /(?:[^\p{L}\p{M}\p{N}\p{Join_Control}._-][\p{M}\p{Join_Control}]*)+/gu

/**
 * A title or name as part of a file name: `between` replaces what some system does not allow or show there, and a long one is cut between
 * characters, as people count them. Empty if nothing remains.
 */
export function fileNamePart(text: string, between: ' ' | '-'): string {
  const parts = text.normalize('NFC').replace(OTHERS, '/').split('/')
  const whole = parts.filter((part) => part !== '').join(between)
  let name = ''
  // No language: characters are counted alike in all.
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(whole)) {
    if (name.length + segment.length > LONGEST) break
    name += segment
  }
  return name.trim()
}
