/** Characters for which Python's `str.isspace` is true. JavaScript's `trim` does not remove U+001C to U+001F and U+0085, but removes U+FEFF. */
const SPACES = new Set(
  '\t\n\v\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
)

/** Strips a text as Python's `str.strip()` does, which upstream's rules use. */
export function pythonStrip(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && SPACES.has(text.charAt(start))) start++
  while (end > start && SPACES.has(text.charAt(end - 1))) end--
  return text.slice(start, end)
}
