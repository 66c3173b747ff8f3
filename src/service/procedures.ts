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

/** Converts errors to the contract's form, both at the call and during a stream. */
function dressed(error: unknown, service: Service): unknown {
  if (isAbort(error) || error instanceof ORPCError) return error
  const typed = asTarsierError(error)
  if (typed.code === 'internal') service.log.error('service', typed.message)
  return new ORPCError(FAILED, { status: 422, message: typed.message, data: typed.toData(), cause: typed })
}

async function* dressedStream(stream: AsyncIterable<unknown>, service: Service): AsyncGenerator<unknown, void> {
  try {
    yield* stream
  } catch (error) {
    throw dressed(error, service)
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Base of all handlers: implements the contract and converts errors to its form. */
export const implementer = implement(contract)
  .$context<ServiceContext>()
  .use(async ({ next, context }) => {
    try {
      const result = await next()
      return isStream(result.output) ? { ...result, output: dressedStream(result.output, context.service) as typeof result.output } : result
    } catch (error) {
      throw dressed(error, context.service)
    }
  })

/** Returns the caller's signal, which all transports provide. Throws `internal` without one. */
export function needed(signal: AbortSignal | undefined): AbortSignal {
  if (signal) return signal
  throw new TarsierError('internal', 'A call has no abort signal. Please report it.')
}
