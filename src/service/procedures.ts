import { implement, ORPCError } from '@orpc/server'
import { FAILED } from '../shared/contract/base.ts'
import { contract } from '../shared/contract/contract.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import type { Service } from './service.ts'

/** Context of the contract's handlers. */
export interface ServiceContext {
  readonly service: Service
  /** Identifies the page or connection, for fair scheduling. */
  readonly client: string
}

/**
 * Converts errors to the contract's form, both at the call and during a stream. What a caller that has left would have received is no error: the reason
 * of its abort may be any value.
 */
function dressed(error: unknown, service: Service, signal: AbortSignal | undefined): unknown {
  if (isAbort(error) || signal?.aborted || error instanceof ORPCError) return error
  const typed = asTarsierError(error)
  if (typed.code === 'internal') service.log.error('service', typed.message)
  return new ORPCError(FAILED, { status: 422, message: typed.message, data: typed.toData(), cause: typed })
}

async function* dressedStream(
  stream: AsyncIterable<unknown>,
  service: Service,
  signal: AbortSignal | undefined,
): AsyncGenerator<unknown, void> {
  try {
    yield* stream
  } catch (error) {
    throw dressed(error, service, signal)
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Base of all handlers: implements the contract and converts errors to its form. */
export const implementer = implement(contract)
  .$context<ServiceContext>()
  .use(async ({ next, context, signal }) => {
    try {
      const result = await next()
      return isStream(result.output)
        ? { ...result, output: dressedStream(result.output, context.service, signal) as typeof result.output }
        : result
    } catch (error) {
      throw dressed(error, context.service, signal)
    }
  })

/** Returns the caller's signal, which all transports provide. Throws `internal` without one. */
export function needed(signal: AbortSignal | undefined): AbortSignal {
  if (signal) return signal
  throw new TarsierError('internal', 'A call has no abort signal. Please report it.')
}
