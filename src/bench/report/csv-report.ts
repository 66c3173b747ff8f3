import { csvText } from '../../shared/csv.ts'
import type { EvalReport } from './eval-report.ts'
import { infoLines } from './run-info.ts'

/** The first columns; those after them are settings of the run. */
export const CSV_COLUMNS = ['dataset', 'table', 'row', 'column', 'kind', 'value'] as const

/** Formats all tables of a report as one CSV: one line per value, in full precision, with the settings of the run. */
export function csvReport(report: EvalReport): string {
  const info = infoLines(report.run, report.judge)
  const head = [...CSV_COLUMNS, ...info.map(([name]) => name.toLowerCase())]
  const rows = report.tables.flatMap((table) =>
    table.rows.flatMap((row) =>
      row.flatMap((cell, i) =>
        cell.kind === 'text'
          ? []
          : [
              [
                ...[report.dataset, table.title, row[0]?.text ?? '', table.columns[i] ?? ''],
                ...[cell.kind, cell.value === null ? '' : String(cell.value)],
                ...info.map(([, text]) => text),
              ],
            ],
      ),
    ),
  )
  return csvText([head, ...rows])
}
