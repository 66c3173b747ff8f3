import { csvText } from '../../shared/csv.ts'
import type { EvalReport } from './eval-report.ts'
import { factLines } from './run-facts.ts'

/** Formats all tables of a report as one CSV: one line per value, in full precision, with the settings of the run. */
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
  return csvText([head, ...rows])
}
