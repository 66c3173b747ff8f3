import type { ErrorCode } from './error-codes.ts'
import type { Remedy } from './remedies.ts'

/** What an error is about, for programs (numbers, names); never needed to understand the sentence. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>

/** The plain-data form of a {@link TarsierError}, as it crosses a boundary. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: ErrorDetails
  readonly remedy?: Remedy
}

/**
 * The one error class users see: `message` is a sentence that says what to do, `remedy` names that where the command line has options for it,
 * `cause` is the error that led to it. Aborts are not errors: they stay `AbortError`.
 */
export class TarsierError extends Error {
  override readonly name = 'TarsierError'
  readonly code: ErrorCode
  readonly details: ErrorDetails | undefined
  readonly remedy: Remedy | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: ErrorDetails | undefined; readonly remedy?: Remedy | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
    this.remedy = options.remedy
  }

  toData(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      ...(this.details && { details: this.details }),
      ...(this.remedy && { remedy: this.remedy }),
    }
  }

  static fromData(data: ErrorData): TarsierError {
    return new TarsierError(data.code, data.message, { details: data.details, remedy: data.remedy })
  }
}

/** True for what `AbortSignal` throws, whoever threw it. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** True for the error of a process of ours that ended in the middle of what was asked of it: by itself, or because it hung. */
export function isProcessLost(error: unknown): error is TarsierError {
  return error instanceof TarsierError && (error.code === 'engine-crashed' || error.code === 'engine-hung')
}

/** HTTP clients say only that it failed; what happened lies below, of several addresses tried in the first. */
export function deepestCause(error: unknown): Error {
  let reason = error instanceof Error ? error : new Error(String(error))
  // Causes may go round.
  for (let depth = 0; depth < 6; depth++) {
    const below: unknown = reason instanceof AggregateError && reason.errors.length > 0 ? reason.errors[0] : reason.cause
    if (!(below instanceof Error)) break
    reason = below
  }
  return reason
}

/** What a system or a library calls a failure: its code, such as `ECONNREFUSED`, or its name. */
export function failureCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** Whatever was thrown, as a typed error; what nobody foresaw becomes `internal` with its own words kept. */
export function asTarsierError(error: unknown): TarsierError {
  if (error instanceof TarsierError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new TarsierError('internal', `Something unforeseen went wrong: ${message}. Please report it.`, { cause: error })
}

/** Closes a union: a new member that nobody handles is a compile error, and loud at run time. */
export function assertNever(value: never, what = 'value'): never {
  throw new TarsierError('internal', `Unhandled ${what}: ${JSON.stringify(value)}. Please report it.`)
}
