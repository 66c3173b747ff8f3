import type { Prediction, UpstreamVersion } from '../prediction.ts'
import { pythonStrip } from '../python-text.ts'
import { mean, share } from './figures.ts'
import { groupBy } from './group-by.ts'

/**
 * The option that an answer names, as upstream reads it: brackets and what Python strips away, then the first character, which has to be a capital letter.
 * A digit stands for the letter at its place, 0 for A to 5 for F.
 *
 * @param lowestDigit 1 where upstream takes no 0 (and 1 is still B): in version 1, and for Video-MME.
 * @returns the letter, or null where the answer counts as failed.
 */
export function parseChoice(answer: string, lowestDigit: 0 | 1 = 0): string | null {
  const [first] = pythonStrip(answer.replaceAll(/[()]/g, ''))
  if (first === undefined) return null
  if (first >= String(lowestDigit) && first <= '5') return String.fromCharCode(65 + Number(first))
  return /^\p{Lu}$/u.test(first) ? first : null
}

/** One row: the questions of a sub task, or of the data set. */
export interface ChoiceScore {
  /** Right answers among those that name an option, 0 to 1; NaN where none does. */
  readonly accuracy: number
  readonly success: number
  /** Answers that name no option, and samples that had no answer. */
  readonly failed: number
}

export interface MultiChoiceScores extends ChoiceScore {
  /** By the annotated data set `NAME/sub task`, in the order of appearance. */
  readonly tasks: ReadonlyMap<string, ChoiceScore>
}

/** The data set whose overall accuracy is the mean of its sub tasks' in version 1 of upstream, the only one with sub tasks there. */
const MEAN_OF_TASKS = 'MVBench'

/** The version of upstream by whose rules predictions are scored: version 1 where all of them are its lines, else 2. */
export function rulesOf(predictions: readonly Pick<Prediction, 'upstream'>[]): UpstreamVersion {
  return predictions.length > 0 && predictions.every(({ upstream }) => upstream === 1) ? 1 : 2
}

/** One answer held against the right letter; null where it names none. */
export function judgeChoice(prediction: Prediction, lowestDigit: 0 | 1): boolean | null {
  const letter = prediction.prediction === null ? null : parseChoice(prediction.prediction, lowestDigit)
  return letter === null ? null : letter === prediction.reference
}

/**
 * Accuracy of the sub tasks and of all questions; like upstream's, it leaves out answers that name no option.
 *
 * @param rules version of upstream: 1 takes no 0 for A, and has for MVBench the mean of the sub tasks' accuracies. Defaults to {@link rulesOf}.
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
