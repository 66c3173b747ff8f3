import type { ChoiceScore, MultiChoiceScores } from '../metrics/multi-choice.ts'
import { count, headline, type ReportBody, type ReportTable, score, textCell, texts } from './eval-report.ts'
import { prettyTable } from './pretty-table.ts'

/** Data sets whose sub tasks upstream abbreviates to the initials of their first two words, and sorts by these. */
const abbreviated = new Set(['MVBench', 'TVBench', 'FAVOR-Bench'])

/** Reports multi-choice accuracy: a table if the data set has sub tasks, otherwise upstream's few lines. */
export function choiceReport(dataset: string, scores: MultiChoiceScores): ReportBody {
  const table = tableOf(dataset, scores)
  const accuracy = accuracyOf(scores)
  return {
    success: scores.success,
    failed: scores.failed,
    headline: [headline('Accuracy', accuracy, 100)],
    tables: [table],
    text: hasSubTasks(scores)
      ? prettyTable(table.columns, texts(table))
      : [
          '=====Evaluation Summary=====',
          `Dataset: ${dataset}\tMetric: Accuracy`,
          `#Successful Results: ${scores.success}`,
          `#Failed Results: ${scores.failed}`,
          `Accuracy: ${accuracy.text}`,
        ].join('\n'),
  }
}

function tableOf(dataset: string, scores: MultiChoiceScores): ReportTable {
  const rows = hasSubTasks(scores) ? [...scores.tasks].map(([name, task]) => ({ name: taskName(dataset, name), task })) : []
  rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return {
    title: 'Accuracy',
    columns: ['Task', 'Accuracy', 'Success', 'Failed'],
    rows: [...rows, { name: 'OVERALL', task: scores }].map(({ name, task }) => [
      textCell(name),
      accuracyOf(task),
      count(task.success),
      count(task.failed),
    ]),
    best: 100,
  }
}

function accuracyOf({ accuracy }: ChoiceScore) {
  return score(accuracy * 100, 1)
}

function hasSubTasks(scores: MultiChoiceScores): boolean {
  return [...scores.tasks.keys()].some((name) => name.includes('/'))
}

function taskName(dataset: string, annotated: string): string {
  const name = annotated.slice(annotated.lastIndexOf('/') + 1)
  const [first, second] = name.split(' ')
  return abbreviated.has(dataset) && first && second ? `${[...first][0]}${[...second][0]}` : name
}
