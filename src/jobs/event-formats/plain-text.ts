/** Control characters, noncharacters and halves of characters: XML cannot represent them, and no program shows anything useful for them. */
const NOT_TEXT = /[\p{Cc}\p{Cs}\ufffe\uffff]/gu

/** Control characters that separate words or lines. */
const SPACES = /[\t\n\v\f\r\u0085]/g

/** Text on one line. */
export function oneLine(text: string): string {
  return text.replace(SPACES, ' ').replace(NOT_TEXT, '').replace(/\s+/g, ' ').trim()
}

/** Text in lines of which none is empty: an empty line ends a subtitle. */
export function textLines(text: string): string {
  return text
    .split(/[\n\v\f\r\u0085\u2028\u2029]/)
    .map(oneLine)
    .filter((line) => line !== '')
    .join('\n')
}

/** Text without halves of characters, which have no form in UTF-8. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd')
}
