import { isReference } from '../annotation-fields.ts'
import type { Prediction } from '../prediction.ts'
import { cider } from './cider.ts'
import { tokenizeCaption } from './ptb-tokenizer.ts'

export interface CaptionScores {
  /** CIDEr as computed by pycocoevalcap, 0 to 10. */
  readonly cider: number
  readonly success: number
  /**
   * Samples without a caption. They score 0, like upstream's `<error>`, and their references count like all others. Those without a reference are in
   * no figure.
   */
  readonly failed: number
  /** CIDEr of each sample, in the order of the predictions; NaN without a reference. */
  readonly scores: readonly number[]
}

/** Computes CIDEr of short captions, after lower-casing and Penn Treebank tokenization. */
export function scoreCaptions(predictions: readonly Prediction[]): CaptionScores {
  const failed = predictions.filter(({ prediction }) => prediction === null).length
  const referenced = predictions.filter(({ reference }) => isReference(reference))
  const pairs = referenced.map(({ prediction, reference }) => ({
    candidate: tokenizeCaption(prediction ?? ''),
    references: [reference].flat().map(tokenizeCaption),
  }))
  const { score, scores } = cider(pairs)
  const scoreOf = new Map(referenced.map((prediction, i) => [prediction, scores[i]]))
  return {
    cider: score,
    success: predictions.length - failed,
    failed,
    scores: predictions.map((prediction) => scoreOf.get(prediction) ?? Number.NaN),
  }
}
