import { type CheckedPair, checkFigures } from '../metrics/check.ts'
import { groupBy } from '../metrics/group-by.ts'
import { count, headline, type ReportBody, type ReportTable, score, textCell, texts } from './eval-report.ts'
import { prettyTable } from './pretty-table.ts'

/**
 * Reports how many false words are the least supported of their sentence, and how well support tells false sentences from true ones.
 * @param samples number of samples, including those that failed
 */
export function checkReport(pairs: readonly CheckedPair[], samples: number): ReportBody {
  const kinds = [...groupBy(pairs, ({ dataset }) => dataset)].map(([name, group]) => rowOf(name.slice(name.lastIndexOf('/') + 1), group))
  const overall = rowOf('OVERALL', pairs)
  const table: ReportTable = {
    title: 'False statements found',
    columns: ['Exchanged', 'Found', 'AUC', 'Captions'],
    rows: [...kinds, overall],
    best: 100,
  }
  const [, found, auc] = overall
  return {
    success: pairs.length,
    failed: samples - pairs.length,
    headline: [headline('Found', found, 100), headline('AUC', auc, 100)],
    tables: [table],
    text: prettyTable(table.columns, texts(table)),
  }
}

function rowOf(name: string, pairs: readonly CheckedPair[]) {
  const { found, auc } = checkFigures(pairs)
  return [textCell(name), score(100 * found, 1), score(100 * auc, 2), count(pairs.length)] as const satisfies ReportTable['rows'][number]
}
