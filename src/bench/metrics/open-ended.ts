import { mean, share } from './figures.ts'
import type { OpenVerdict } from './verdicts.ts'

export interface OpenScores {
  /** Answers that the judge takes for right, 0 to 1; NaN where it judged none. */
  readonly accuracy: number
  /** Mean of the judge's scores, 0 to 5. */
  readonly averageScore: number
  readonly success: number
  readonly failed: number
}

/** @param failed how many samples have no verdict, because they have no answer or the judge gave none. */
export function aggregateOpenEnded(verdicts: readonly OpenVerdict[], failed: number): OpenScores {
  return {
    accuracy: share(verdicts.map(({ correct }) => correct)),
    averageScore: mean(verdicts.map(({ score }) => score)),
    success: verdicts.length,
    failed,
  }
}
