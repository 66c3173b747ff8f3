import type { EvalReport } from './eval-report.ts'
import { factLines } from './run-facts.ts'

/** All tables of a report as one CSV (RFC 4180): a line a figure, in full precision, with what it was made with beside it. */
export function csvReport(report: EvalReport): string {
  const facts = factLines(report.run, report.judge)
  const head = ['dataset', 'table', 'row', 'column', 'kind', 'value', ...facts.map(([name]) => name.toLowerCase())]
  const rows = report.tables.flatMap((table) =>
    table.rows.flatMap((row) =>
      row.flatMap((cell, i) =>
        cell.kind === 'text'
          ? []
          : [
              [
                ...[report.dataset, table.title, row[0]?.text ?? '', table.columns[i] ?? ''],
                ...[cell.kind, cell.value === null ? '' : String(cell.value)],
                ...facts.map(([, text]) => text),
              ],
            ],
      ),
    ),
  )
  return [head, ...rows].map((row) => `${row.map(quoted).join(',')}\r\n`).join('')
}

/** Spreadsheets take a text for a formula that begins like one. */
function quoted(text: string): string {
  const harmless = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
