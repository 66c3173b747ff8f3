import { implement, ORPCError } from '@orpc/server'
import { FAILED } from '../shared/contract/base.ts'
import { contract } from '../shared/contract/contract.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import type { Service } from './service.ts'

/** What a handler of the contract knows. */
export interface ServiceContext {
  readonly service: Service
  /** Who asks, for taking turns: one page, one connection. */
  readonly client: string
}

/** Our errors in the contract's clothes, wherever they come up: at the call, or in the middle of a stream. */
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

/** Where every area's handlers begin: the contract, with our errors made the contract's. */
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

/** A signal for a handler: the caller's own, which the wires always give. */
export function needed(signal: AbortSignal | undefined): AbortSignal {
  if (signal) return signal
  throw new TarsierError('internal', 'A call came without a signal. Please report it.')
}
