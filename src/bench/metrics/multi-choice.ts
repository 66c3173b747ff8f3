import type { Prediction } from '../prediction.ts'
import { share } from './figures.ts'
import { groupBy } from './group-by.ts'

/**
 * The option that an answer names, as upstream reads it: brackets and blanks away, then the first character, which has to be a capital letter.
 * A digit stands for the letter at its place, 0 for A to 5 for F.
 *
 * @param lowestDigit 1 for Video-MME, where upstream takes no 0 (and 1 is still B).
 * @returns the letter, or null where the answer counts as failed.
 */
export function parseChoice(answer: string, lowestDigit: 0 | 1 = 0): string | null {
  const [first] = answer.replaceAll(/[()]/g, '').replace(/^\p{White_Space}+/u, '')
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

/** One answer held against the right letter; null where it names none. */
export function judgeChoice(prediction: Prediction, lowestDigit: 0 | 1 = 0): boolean | null {
  const letter = prediction.prediction === null ? null : parseChoice(prediction.prediction, lowestDigit)
  return letter === null ? null : letter === prediction.reference
}

/** Accuracy of the sub tasks and of all questions; like upstream's, it leaves out answers that name no option. */
export function scoreMultiChoice(predictions: readonly Prediction[]): MultiChoiceScores {
  const groups = groupBy(predictions, (prediction) => prediction.dataset)
  return { ...score(predictions), tasks: new Map([...groups].map(([dataset, group]) => [dataset, score(group)])) }
}

function score(predictions: readonly Prediction[]): ChoiceScore {
  const answers = predictions.map((prediction) => judgeChoice(prediction))
  const named = answers.filter((answer) => answer !== null)
  return { accuracy: share(named), success: named.length, failed: answers.length - named.length }
}
