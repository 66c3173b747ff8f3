import { ORPCError } from '@orpc/client'
import { asTarsierError, isAbort, TarsierError } from '../errors.ts'
import { errorDataSchema, FAILED } from './base.ts'

/** Restores the typed error of a failed call. Aborts are returned unchanged. */
export function failureOf(error: unknown): Error {
  if (error instanceof TarsierError || isAbort(error)) return error as Error
  if (error instanceof ORPCError) {
    if (error.code === FAILED) {
      const data = errorDataSchema.safeParse(error.data)
      if (data.success) return TarsierError.fromData(data.data)
    }
    if (error.code === 'BAD_REQUEST') return new TarsierError('usage', 'The request is invalid.', { cause: error })
    if (error.code === 'UNAUTHORIZED' || error.code === 'FORBIDDEN') return new TarsierError('not-allowed', error.message, { cause: error })
    return asTarsierError(error)
  }
  // Thrown by browsers when the connection fails or is interrupted.
  if (error instanceof TypeError) {
    return new TarsierError('service-lost', 'Tarsier does not respond. Check that it is still running and try again.', { cause: error })
  }
  return asTarsierError(error)
}
