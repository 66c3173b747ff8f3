import type { BenchFigure, Change, SampleState } from '../../shared/contract/bench.ts'
import { t } from '../../shared/text.ts'
import { translate } from '../../shared/translate.ts'

export const sampleStateNames: Readonly<Record<SampleState, string>> = {
  right: t('Right'),
  wrong: t('Wrong'),
  scored: t('Scored'),
  failed: t('Failed'),
  answered: t('Not judged'),
}

export const changeNames: Readonly<Record<Change, string>> = {
  better: t('Better'),
  worse: t('Worse'),
  same: t('Equal'),
  'only-first': t('Only in the first'),
  'only-second': t('Only in the second'),
  unknown: t('Not judged'),
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
  return figures.map(({ name, text }) => `${translate(name)} ${text}`).join(' · ')
}

/** A terminal command with one argument, which may contain spaces. */
export function runCommand(folder: string): string {
  const separator = folder.includes('\\') ? '\\' : '/'
  const out = `${folder}${separator}first-run`
  return `tarsier bench run moving-shapes --model demo --out ${/^[\w./\\:~-]+$/.test(out) ? out : `"${out}"`}`
}
