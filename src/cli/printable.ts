/** Control characters that could move the cursor, change colours or set a title; tab and newline are let through. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/**
 * Text as it may be shown on a terminal: a file name or a model's words must not be able to drive it.
 * What is written to files and pipes stays as it is.
 */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(CONTROL, '�')
}

/** The same on a single line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s*[\r\n]+\s*/g, ' ')).trim()
}
