import type { Judged } from './autodq/judge-samples.ts'
import type { CaptionScores } from './metrics/captions.ts'
import { type CheckedPair, findsFalseWord } from './metrics/check.ts'
import { figureText, roundFigure } from './metrics/figures.ts'
import { judgeChoice } from './metrics/multi-choice.ts'
import type { DreamVerdict, EventCount, OpenVerdict } from './metrics/verdicts.ts'
import type { Prediction } from './prediction.ts'

/** Result of one sample. */
export interface SampleOutcome {
  readonly prediction: Prediction
  /** Short text: `right`, `wrong`, `CIDEr 1.234`, or the reason why it has no score. */
  readonly text: string
}

/** @param lowestDigit as in `parseChoice` */
export function choiceOutcomes(predictions: readonly Prediction[], lowestDigit: 0 | 1): SampleOutcome[] {
  return predictions.map((prediction) => {
    const correct = judgeChoice(prediction, lowestDigit)
    return { prediction, text: correct === null ? failureText(prediction, 'the answer names no option') : scoreText(correct) }
  })
}

export function captionOutcomes(predictions: readonly Prediction[], { scores }: CaptionScores): SampleOutcome[] {
  return predictions.map((prediction, i) => {
    const score = scores[i] ?? Number.NaN
    const failure = prediction.prediction === null ? [failureText(prediction, '')] : []
    const figure = Number.isNaN(score) ? [] : [`CIDEr ${figureText(roundFigure(score, 3))}`]
    return { prediction, text: [...failure, ...figure].join(', ') }
  })
}

export function checkOutcomes(predictions: readonly Prediction[], checked: ReadonlyMap<string, CheckedPair>): SampleOutcome[] {
  return predictions.map((prediction) => {
    const pair = checked.get(prediction.key)
    return { prediction, text: pair ? scoreText(findsFalseWord(pair)) : failureText(prediction, 'the answer holds no support of words') }
  })
}

export function dreamOutcomes(predictions: readonly Prediction[], judged: Judged<DreamVerdict>): SampleOutcome[] {
  const hits = ({ entailed, total }: EventCount) => `${entailed} of ${total}`
  return outcomes(predictions, judged, ({ recall, precision }) => `recall ${hits(recall)}, precision ${hits(precision)}`)
}

export function openOutcomes(predictions: readonly Prediction[], judged: Judged<OpenVerdict>): SampleOutcome[] {
  return outcomes(predictions, judged, ({ correct, score }) => `${scoreText(correct)}, score ${score}`)
}

function outcomes<Verdict extends { readonly key: string }>(
  predictions: readonly Prediction[],
  { verdicts, failed }: Judged<Verdict>,
  wordsOf: (verdict: Verdict) => string,
): SampleOutcome[] {
  const text = new Map([
    ...verdicts.map((verdict) => [verdict.key, wordsOf(verdict)] as const),
    ...failed.map(({ key, error }) => [key, `failed: ${error.message}`] as const),
  ])
  return predictions.map((prediction) => ({ prediction, text: text.get(prediction.key) ?? failureText(prediction, '') }))
}

function scoreText(correct: boolean): string {
  return correct ? 'right' : 'wrong'
}

function failureText({ error }: Prediction, otherwise: string): string {
  return ['failed', error?.message ?? otherwise].filter((part) => part !== '').join(': ')
}
