import type { Prediction } from '../prediction.ts'
import { cider } from './cider.ts'
import { tokenizeCaption } from './ptb-tokenizer.ts'

export interface CaptionScores {
  /** CIDEr as computed by pycocoevalcap, 0 to 10. */
  readonly cider: number
  readonly success: number
  /** Samples without a caption. They score 0, like upstream's `<error>`, and their references count like all others. */
  readonly failed: number
  /** CIDEr of each sample, in the order of the predictions. */
  readonly scores: readonly number[]
}

/** Computes CIDEr of short captions, after lower-casing and Penn Treebank tokenization. */
export function scoreCaptions(predictions: readonly Prediction[]): CaptionScores {
  const failed = predictions.filter(({ prediction }) => prediction === null).length
  const pairs = predictions.map(({ prediction, reference }) => ({
    candidate: tokenizeCaption(prediction ?? ''),
    references: (typeof reference === 'string' ? [reference] : reference).map(tokenizeCaption),
  }))
  const { score, scores } = cider(pairs)
  return { cider: score, success: predictions.length - failed, failed, scores }
}
