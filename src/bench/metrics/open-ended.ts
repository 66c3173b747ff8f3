import { mean, share } from './figures.ts'
import type { OpenVerdict } from './verdicts.ts'

export interface OpenScores {
  /** Share of answers that the judge considers correct, 0 to 1; NaN if it judged none. */
  readonly accuracy: number
  /** Mean of the judge's scores, 0 to 5. */
  readonly averageScore: number
  readonly success: number
  readonly failed: number
}

/** @param failed number of samples without a verdict, because they have no answer or the judge returned none. */
export function aggregateOpenEnded(verdicts: readonly OpenVerdict[], failed: number): OpenScores {
  return {
    accuracy: share(verdicts.map(({ correct }) => correct)),
    averageScore: mean(verdicts.map(({ score }) => score)),
    success: verdicts.length,
    failed,
  }
}
