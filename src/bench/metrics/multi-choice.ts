import type { Prediction, UpstreamVersion } from '../prediction.ts'
import { pythonStrip } from '../python-text.ts'
import { mean, share } from './figures.ts'
import { groupBy } from './group-by.ts'

/**
 * Parses the option that an answer names, as upstream does: strips brackets and Python's whitespace, then takes the first character, which must be
 * a capital letter. A digit stands for the letter at its position, from 0 for A to 5 for F.
 *
 * @param lowestDigit 1 where upstream does not accept 0 (1 is still B): in version 1, and for Video-MME.
 * @returns the letter, or null if the answer counts as failed.
 */
export function parseChoice(answer: string, lowestDigit: 0 | 1 = 0): string | null {
  const [first] = pythonStrip(answer.replaceAll(/[()]/g, ''))
  if (first === undefined) return null
  if (first >= String(lowestDigit) && first <= '5') return String.fromCharCode(65 + Number(first))
  return /^\p{Lu}$/u.test(first) ? first : null
}

/** One row of the table: the questions of a sub task, or of the data set. */
export interface ChoiceScore {
  /** Share of correct answers among those that name an option, 0 to 1; NaN if none does. */
  readonly accuracy: number
  readonly success: number
  /** Number of answers that name no option, and of samples without an answer. */
  readonly failed: number
}

export interface MultiChoiceScores extends ChoiceScore {
  /** Scores by annotated data set `NAME/sub task`, in order of appearance. */
  readonly tasks: ReadonlyMap<string, ChoiceScore>
}

/** The only data set with sub tasks in version 1 of upstream. There, its overall accuracy is the mean over its sub tasks. */
const MEAN_OF_TASKS = 'MVBench'

/** Returns the version of upstream whose scoring rules apply: version 1 if all predictions are lines of version 1, otherwise 2. */
export function rulesOf(predictions: readonly Pick<Prediction, 'upstream'>[]): UpstreamVersion {
  return predictions.length > 0 && predictions.every(({ upstream }) => upstream === 1) ? 1 : 2
}

/** Whether an answer names the correct letter; null if it names none. */
export function judgeChoice(prediction: Prediction, lowestDigit: 0 | 1): boolean | null {
  const letter = prediction.prediction === null ? null : parseChoice(prediction.prediction, lowestDigit)
  return letter === null ? null : letter === prediction.reference
}

/**
 * Computes the accuracy of the sub tasks and of all questions. Like upstream, it excludes answers that name no option.
 *
 * @param rules version of upstream: version 1 does not accept 0 for A, and uses the mean over the sub tasks for MVBench. Defaults to
 * {@link rulesOf}.
 */
export function scoreMultiChoice(predictions: readonly Prediction[], rules: UpstreamVersion = rulesOf(predictions)): MultiChoiceScores {
  const lowestDigit = rules === 1 ? 1 : 0
  const groups = groupBy(predictions, (prediction) => prediction.dataset)
  const tasks = new Map([...groups].map(([dataset, group]) => [dataset, score(group, lowestDigit)]))
  return overallOf(score(predictions, lowestDigit), tasks, rules)
}

/** @param all the score over all questions */
export function overallOf(all: ChoiceScore, tasks: ReadonlyMap<string, ChoiceScore>, rules: UpstreamVersion): MultiChoiceScores {
  const [dataset = ''] = tasks.keys()
  if (rules === 2 || dataset.split('/', 1)[0] !== MEAN_OF_TASKS) return { ...all, tasks }
  const scored = [...tasks.values()].filter(({ success }) => success > 0)
  return { ...all, accuracy: mean(scored.map(({ accuracy }) => accuracy)), tasks }
}

function score(predictions: readonly Prediction[], lowestDigit: 0 | 1): ChoiceScore {
  const answers = predictions.map((prediction) => judgeChoice(prediction, lowestDigit))
  const named = answers.filter((answer) => answer !== null)
  return { accuracy: share(named), success: named.length, failed: answers.length - named.length }
}
