/** Without it Excel reads a file in the system's old character set. Readers of CSV take it for no part of the first name. */
const BYTE_ORDER_MARK = '\ufeff'

/** A number that a spreadsheet may take for one, such as -3 or 1.5e-7. */
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i

/**
 * Rows as CSV (RFC 4180) that spreadsheets read as text: in UTF-8, and with an apostrophe before every cell that begins like a formula (`=`, `+`, `-`,
 * `@`, tab or carriage return, also as their full-width forms), as OWASP recommends against CSV injection. Numbers stay as they are.
 */
export function csvText(rows: readonly (readonly string[])[]): string {
  return BYTE_ORDER_MARK + rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(text: string): string {
  // A spreadsheet computes what begins like a formula, whoever wrote it.
  const harmless = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
