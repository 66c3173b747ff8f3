import type { BenchFigure, Change, SampleState } from '../../shared/contract/bench.ts'

export const sampleStateNames: Readonly<Record<SampleState, string>> = {
  right: 'Right',
  wrong: 'Wrong',
  scored: 'Scored',
  failed: 'Failed',
  answered: 'Not judged',
}

export const changeNames: Readonly<Record<Change, string>> = {
  better: 'Better',
  worse: 'Worse',
  same: 'Equal',
  'only-first': 'Only in the first',
  'only-second': 'Only in the second',
  unknown: 'Not judged',
}

/** Converts `DREAM/movie_live_action` to `movie live action`; data sets without subtasks keep their name. */
export function taskName(dataset: string): string {
  const at = dataset.indexOf('/')
  return at < 0 ? dataset : dataset.slice(at + 1).replaceAll('_', ' ')
}

/** Formats a score from 0 to 1 for lists: `0.46`. */
export function scoreText(score: number): string {
  return score.toFixed(2)
}

export function figureLine(figures: readonly BenchFigure[]): string {
  return figures.map(({ name, text }) => `${name} ${text}`).join(' · ')
}

/** A terminal command with one argument, which may contain spaces. */
export function runCommand(folder: string): string {
  const separator = folder.includes('\\') ? '\\' : '/'
  const out = `${folder}${separator}first-run`
  return `tarsier bench run moving-shapes --model demo --out ${/^[\w./\\:~-]+$/.test(out) ? out : `"${out}"`}`
}
