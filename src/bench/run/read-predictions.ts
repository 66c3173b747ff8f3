import { allIssues } from '../../shared/schema-issue.ts'
import { type BrokenLine, readJsonLines } from '../json-lines.ts'
import { type Prediction, predictionSchema } from '../prediction.ts'
import { readUpstream } from './upstream-prediction.ts'

export interface PredictionLine {
  readonly kind: 'prediction'
  readonly file: string
  /** 1-based line number. */
  readonly line: number
  readonly prediction: Prediction
}

/**
 * Reads predictions of this program and of the Python one, detected line by line, from a file or from the `.jsonl` files of a folder. Yields an
 * unusable line as broken, and continues with the next line. One key may occur several times: see {@link mergeInto}. Throws as `readJsonLines`
 * does.
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

/** Parses one line's JSON in this program's format or the Python program's; returns the reason if it has neither. */
export function parsePrediction(value: unknown): Prediction | { readonly reason: string } {
  // Lines of the Python program may have a field "key", too.
  if (typeof value !== 'object' || value === null || 'messages' in value || 'text' in value || !('key' in value)) return readUpstream(value)
  const parsed = predictionSchema.safeParse(value)
  return parsed.success ? parsed.data : { reason: allIssues(parsed.error) }
}
