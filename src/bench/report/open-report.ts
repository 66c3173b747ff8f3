import type { OpenScores } from '../metrics/open-ended.ts'
import { count, headline, type ReportBody, score, textCell } from './eval-report.ts'

/** Reports a judge's verdicts on open answers. */
export function openReport(dataset: string, scores: OpenScores): ReportBody {
  const accuracy = score(scores.accuracy * 100, 1)
  const average = score(scores.averageScore, 3)
  return {
    success: scores.success,
    failed: scores.failed,
    headline: [headline('Accuracy', accuracy, 100), headline('Average score', average, 5)],
    tables: [
      {
        title: 'Judged answers',
        columns: ['Task', 'Accuracy', 'Average Score', 'Success', 'Failed'],
        rows: [[textCell('OVERALL'), accuracy, average, count(scores.success), count(scores.failed)]],
        best: null,
      },
    ],
    text: [
      `Dataset: ${dataset}\tMetric: GPT Accuracy`,
      `#Successful Results: ${scores.success}`,
      `#Failed Results: ${scores.failed}`,
      `Accuracy: ${accuracy.text}`,
      `Average Score: ${average.text}`,
    ].join('\n'),
  }
}
