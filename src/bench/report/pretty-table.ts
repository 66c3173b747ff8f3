/**
 * A table in plain text, laid out as Python's PrettyTable does by default: framed, every cell centred, and where that does not come out even, a text of even
 * length stands one further right and one of odd length one further left.
 */
export function prettyTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, i) => Math.max(widthOf(column), ...rows.map((row) => widthOf(row[i] ?? ''))))
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const line = (cells: readonly string[]) => `|${widths.map((width, i) => ` ${centred(cells[i] ?? '', width)} `).join('|')}|`
  return [rule, line(columns), rule, ...rows.map(line), ...(rows.length > 0 ? [rule] : [])].join('\n')
}

function centred(text: string, width: number): string {
  const room = width - widthOf(text)
  const before = widthOf(text) % 2 === 0 ? Math.ceil(room / 2) : Math.floor(room / 2)
  return `${' '.repeat(before)}${text}${' '.repeat(room - before)}`
}

/** Code points: names of tasks with double-width letters would stand askew, and none has. */
function widthOf(text: string): number {
  return [...text].length
}
