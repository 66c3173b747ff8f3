import { z } from 'zod'
import { type BrokenLine, readJsonLines } from '../json-lines.ts'
import { type Prediction, predictionSchema } from '../prediction.ts'
import { readUpstream } from './upstream-prediction.ts'

export interface PredictionLine {
  readonly kind: 'prediction'
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly prediction: Prediction
}

/**
 * Predictions of this program and of the Python one, from a file or from the `.jsonl` files of a folder, told apart line by line. A line that
 * is neither is given as broken, and the lines after it are read all the same. One key may come several times: see {@link mergeInto}.
 * Throws as `readJsonLines` does.
 */
export async function* readPredictions(path: string, signal: AbortSignal): AsyncGenerator<PredictionLine | BrokenLine, void> {
  for await (const read of readJsonLines(path, signal)) {
    if (read.kind === 'broken') {
      yield read
      continue
    }
    const { file, line } = read
    const prediction = parsePrediction(read.value)
    if ('reason' in prediction) yield { kind: 'broken', file, line, reason: prediction.reason }
    else yield { kind: 'prediction', file, line, prediction }
  }
}

/** One line's JSON, in our form or the Python program's; or why it is neither. */
export function parsePrediction(value: unknown): Prediction | { readonly reason: string } {
  if (typeof value !== 'object' || value === null || !('key' in value)) return readUpstream(value)
  const parsed = predictionSchema.safeParse(value)
  return parsed.success ? parsed.data : { reason: z.prettifyError(parsed.error).replace(/\s+/g, ' ').slice(0, 400) }
}
