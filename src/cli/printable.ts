/** Control characters that could move the cursor, change colours or set a title; excludes tab and newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/**
 * Makes a text safe for a terminal: control characters in a file name or a model's output must not take effect. Output to files and pipes is
 * unchanged.
 */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(CONTROL, '�')
}

/** Makes a text safe for a terminal, on a single line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s*[\r\n]+\s*/g, ' ')).trim()
}
