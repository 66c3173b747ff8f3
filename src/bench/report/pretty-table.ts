/**
 * Formats a plain-text table with the default layout of Python's PrettyTable: framed, with centred cells. If the padding is odd, a text of even
 * length has the extra space on its left, and one of odd length on its right.
 */
export function prettyTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, i) => Math.max(widthOf(column), ...rows.map((row) => widthOf(row[i] ?? ''))))
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const line = (cells: readonly string[]) => `|${widths.map((width, i) => ` ${centred(cells[i] ?? '', width)} `).join('|')}|`
  return [rule, line(columns), rule, ...rows.map(line), ...(rows.length > 0 ? [rule] : [])].join('\n')
}

function centred(text: string, width: number): string {
  const padding = width - widthOf(text)
  const before = widthOf(text) % 2 === 0 ? Math.ceil(padding / 2) : Math.floor(padding / 2)
  return `${' '.repeat(before)}${text}${' '.repeat(padding - before)}`
}

/** Counts code points. Double-width letters in task names would break the alignment, but none has any. */
function widthOf(text: string): number {
  return [...text].length
}
