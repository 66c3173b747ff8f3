import { failedPrediction } from '../bench/run/runner.ts'
import { assertNever, type ErrorData } from '../shared/errors.ts'
import type { Unit } from './unit.ts'

/**
 * The line of a failed unit: a sample's prediction without an answer, or `{"file","error"}`.
 * @param video path of the first clip on the worker's machine; null if it was not found
 */
export function failureLine(unit: Unit, error: Pick<ErrorData, 'code' | 'message'>, video: string | null = null): object {
  switch (unit.kind) {
    case 'sample':
      return failedPrediction(unit.sample, video, error)
    case 'events':
    case 'check':
      return { file: unit.file, error: { code: error.code, message: error.message } }
    default:
      return assertNever(unit, 'unit')
  }
}
