import type { ErrorCode } from './error-codes.ts'
import type { Remedy } from './remedies.ts'

/** Numbers and names for programs. The message is complete without them. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>

/** Plain data of a {@link TarsierError}, for other processes and the network. */
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

/** True for an `AbortError`. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** True if a child process crashed or hung during a command. */
export function isProcessLost(error: unknown): error is TarsierError {
  return error instanceof TarsierError && (error.code === 'engine-crashed' || error.code === 'engine-hung')
}

/** Follows `cause` (of several addresses, the first) to the underlying error: HTTP clients only report a failed request. */
export function deepestCause(error: unknown): Error {
  let reason = error instanceof Error ? error : new Error(String(error))
  // Causes may be circular.
  for (let depth = 0; depth < 6; depth++) {
    const below: unknown = reason instanceof AggregateError && reason.errors.length > 0 ? reason.errors[0] : reason.cause
    if (!(below instanceof Error)) break
    reason = below
  }
  return reason
}

/** The typed error that an HTTP client or another library has wrapped in its own; null if there is none. */
export function typedCause(error: unknown): TarsierError | null {
  let reason = error
  // Causes may be circular.
  for (let depth = 0; depth < 6 && reason instanceof Error; depth++) {
    if (reason instanceof TarsierError) return reason
    reason = reason.cause
  }
  return null
}

/** Code of a system or library error, such as `ECONNREFUSED`, or its name. */
export function failureCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** Converts anything thrown to a typed error. Unexpected errors become `internal` and keep their message. */
export function asTarsierError(error: unknown): TarsierError {
  if (error instanceof TarsierError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new TarsierError('internal', `Unexpected error: ${message}. Please report it.`, { cause: error })
}

/** Marks a union as exhausted: an unhandled member is a compile error, and throws at run time. */
export function assertNever(value: never, what = 'value'): never {
  throw new TarsierError('internal', `Unhandled ${what}: ${JSON.stringify(value)}. Please report it.`)
}
