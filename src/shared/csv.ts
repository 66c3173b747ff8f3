/** Without it Excel reads a file in the system's old character set. Readers of CSV take it for no part of the first name. */
const BYTE_ORDER_MARK = '\ufeff'

/** Rows as CSV (RFC 4180) that spreadsheets read as it is meant: in UTF-8, and with no text taken for a formula. */
export function csvText(rows: readonly (readonly string[])[]): string {
  return BYTE_ORDER_MARK + rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(text: string): string {
  // A spreadsheet computes what begins like a formula, whoever wrote it.
  const harmless = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
