import type { DreamBucket, DreamScore, DreamScores } from '../metrics/dream.ts'
import { count, headline, type ReportBody, type ReportTable, score, textCell, texts } from './eval-report.ts'
import { prettyTable } from './pretty-table.ts'

/** Reports AutoDQ by sub task, then by the number of subjects, shots and events. */
export function dreamReport(dataset: string, scores: DreamScores): ReportBody {
  const tasks = taskTable(scores)
  const { overall, buckets } = scores
  const further = Object.entries(buckets).map(([name, list]) => bucketTable(name, list))
  return {
    success: overall.success,
    failed: overall.failed,
    headline: [
      headline('F1', score(overall.f1, 3), 1),
      headline('Recall', score(overall.recall, 3), 1),
      headline('Precision', score(overall.precision, 3), 1),
    ],
    tables: [tasks, ...further],
    text: [
      prettyTable(tasks.columns, texts(tasks)),
      ...Object.keys(buckets).flatMap((name, i) => {
        const table = further[i]
        return table ? [`\n=====${dataset} Evaluation Split by Bucket #${name}=====`, prettyTable(table.columns, texts(table))] : []
      }),
    ].join('\n'),
  }
}

function taskTable({ tasks, overall }: DreamScores): ReportTable {
  const row = (name: string, { f1, recall, precision, success, failed }: DreamScore) => [
    ...[textCell(name), score(f1, 3), score(recall, 3), score(precision, 3)],
    ...[count(success), count(failed)],
  ]
  return {
    title: 'AutoDQ',
    columns: ['Task', 'F1 Score', 'Action Recall', 'Action Precision', 'Success', 'Failed'],
    rows: [...[...tasks].map(([name, task]) => row(name, task)), row('OVERALL', overall)],
    best: 1,
  }
}

function bucketTable(name: string, buckets: readonly DreamBucket[]): ReportTable {
  return {
    title: `AutoDQ by ${name}`,
    columns: ['Score', ...buckets.map((bucket) => bucket.name)],
    rows: [
      [textCell('Recall'), ...buckets.map(({ recall }) => score(recall, 3))],
      [textCell('Precision'), ...buckets.map(({ precision }) => score(precision, 3))],
      [textCell('F1'), ...buckets.map(({ f1 }) => score(f1, 3))],
      [textCell('Count'), ...buckets.map((bucket) => count(bucket.count))],
    ],
    best: 1,
  }
}
