import type { CaptionScores } from '../metrics/captions.ts'
import { count, headline, type ReportBody, score, textCell } from './eval-report.ts'

/** Reports CIDEr of short captions, multiplied by 100 as in the papers. */
export function captionReport(dataset: string, { cider, success, failed }: CaptionScores): ReportBody {
  const figure = score(cider * 100, 1)
  return {
    success,
    failed,
    headline: [headline('CIDEr', figure, null)],
    tables: [
      {
        title: 'CIDEr',
        columns: ['Task', 'CIDEr', 'Success', 'Failed'],
        rows: [[textCell('OVERALL'), figure, count(success), count(failed)]],
        best: null,
      },
    ],
    text: [
      `Dataset: ${dataset}\tMetric: CIDEr`,
      `#Successful Results: ${success}`,
      `#Failed Results: ${failed}`,
      `CIDEr score: ${figure.text}`,
    ].join('\n'),
  }
}
