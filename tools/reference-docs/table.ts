/** Formats a table in Markdown. Cells are plain text. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Escapes all markup in a text. */
export function plainText(text: string): string {
  return text.replace(/[<>*_`\\]/g, '\\$&')
}

export function code(text: string): string {
  return `\`${text}\``
}
