import { roundFigure } from '../metrics/figures.ts'
import type { Tally, VideoMmePart, VideoMmeScores } from '../metrics/video-mme.ts'
import { type Cell, count, headline, type ReportBody, type ReportTable, textCell } from './eval-report.ts'

const thin = '-------------------------------------'
const thick = '====================================='
const stars = '*************************************'

/** Reports Video-MME by duration, domain, sub category and task type. */
export function videoMmeReport(scores: VideoMmeScores): ReportBody {
  const parts = [...scores.durations].map(([name, part]) => ({ name: `Evaluation on video Type: ${name}`, part, end: thin }))
  const all = { name: 'Evaluation on the entire dataset', part: scores.all, end: stars }
  return {
    success: scores.success,
    failed: scores.failed,
    headline: [
      headline('Overall', percentOf(scores.all.overall), 100),
      ...[...scores.durations].map(([name, part]) => headline(name, percentOf(part.overall), 100)),
    ],
    tables: [
      tableOf('Duration', new Map([...scores.durations].map(([name, part]) => [name, part.overall])), scores.all.overall),
      ...sections(scores.all).map(({ title, tallies }) => tableOf(title, tallies, scores.all.overall)),
      ...[...scores.durations].flatMap(([name, part]) =>
        sections(part).map(({ title, tallies }) => tableOf(`${title}: ${name}`, tallies, part.overall)),
      ),
    ],
    text: [
      '=====Evaluation Summary=====',
      'Dataset: Video-MME\tMetric: Accuracy',
      `#Successful Results: ${scores.success}`,
      `#Failed Results: ${scores.failed}`,
      ...(scores.leftOut > 0 ? [`#Left Out Results: ${scores.leftOut} (about videos with a failed one)`] : []),
      ...[...parts, all].flatMap(({ name, part, end }) => linesOf(name, part, end)),
    ].join('\n'),
  }
}

function sections(part: VideoMmePart): { title: string; tallies: ReadonlyMap<string, Tally> }[] {
  return [
    { title: 'Video Categories', tallies: part.domains },
    { title: 'Video Sub Categories', tallies: part.subCategories },
    { title: 'Task Categories', tallies: part.taskTypes },
  ]
}

function linesOf(name: string, part: VideoMmePart, end: string): string[] {
  return [
    ...[thick, name, thick],
    ...sections(part).flatMap(({ title, tallies }) => [thin, title, thin, ...[...tallies].map(([label, tally]) => lineOf(label, tally))]),
    ...[end, 'Overall Performance', end, lineOf('Overall', part.overall)],
  ]
}

/** Upstream's format reserves a column for the sign, hence two spaces. */
function lineOf(label: string, tally: Tally): string {
  return `${label}:  ${percentOf(tally).text}%`
}

function tableOf(title: string, tallies: ReadonlyMap<string, Tally>, overall: Tally): ReportTable {
  return {
    title,
    columns: [title.replace(/:.*/, ''), 'Accuracy', 'Correct', 'Answered'],
    rows: [...tallies, ['OVERALL', overall] as const].map(([label, tally]) => [
      textCell(label),
      percentOf(tally),
      count(tally.correct),
      count(tally.answered),
    ]),
    best: 100,
  }
}

/** Formats as per cent with one decimal; 0 if nothing was answered, as in upstream. */
function percentOf({ correct, answered }: Tally): Cell {
  const value = answered > 0 ? (100 * correct) / answered : 0
  return { kind: 'score', text: oneDecimal(value), value: answered > 0 ? value : null }
}

/** Python's `.1f` rounds an exact half to even, which occurs only for quarters, while JavaScript rounds it up. */
function oneDecimal(value: number): string {
  return Number.isInteger(value * 4) ? roundFigure(value, 1).toFixed(1) : value.toFixed(1)
}
