import { APIError } from 'openai'
import { type RetryPolicy, Transient } from '../../engine/models/hub/transient.ts'
import { isLasting } from '../../servers/server-connection.ts'
import { retryAfter, serverMessage } from '../../servers/server-retries.ts'
import { deepestCause, failureCode, TarsierError, typedCause } from '../../shared/errors.ts'

/** Information about a judge's server for error messages. */
export interface JudgeServer {
  /** Host and port, for messages. */
  readonly host: string
  readonly model: string
  /** Removed from messages, since some servers repeat the key in their errors. */
  readonly key: string
  /** See `ServerConnection`. */
  readonly toCheck: string
  /** Names of the environment variables for the address and the key, for messages. */
  readonly settings: { readonly address: string; readonly key: string }
}

/** Rate limits often apply per minute, so the total wait exceeds one minute. */
export const judgeRetryPolicy: RetryPolicy = { attempts: 8, backoff: 500, stall: 120_000 }

const SAID_LENGTH = 400
/** Error codes of an unreachable server. */
const ABSENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/

/**
 * Converts the error of a request: to `judge-unavailable`, wrapped in a {@link Transient} if it may pass and as it is otherwise, or to
 * `judge-failed` if the server rejects this particular question. Typed errors are returned unchanged.
 * @param reached whether the server has answered before; if it never has, the request is not retried
 */
export function judgeError(error: unknown, server: JudgeServer, reached: boolean): Error {
  if (error instanceof Transient) return error
  const typed = typedCause(error)
  if (typed) return typed
  const { host, model, toCheck, settings } = server
  const status = error instanceof APIError ? (error.status as number | undefined) : undefined
  const message = serverMessage(
    error instanceof APIError && status !== undefined ? error.message : reasonOf(error),
    server.key,
    SAID_LENGTH,
  )
  // The original error refers to the request, including the key: keep only its message.
  const options = { cause: new Error(message), details: { host, status: status ?? null } }
  const unavailable = (sentence: string) => new TarsierError('judge-unavailable', sentence, options)
  if (status === undefined) {
    const failure = unavailable(
      `The judge at ${host} cannot be reached: ${message}. Check ${toCheck} and ${settings.address}. Existing verdicts are kept.`,
    )
    return isLasting(error) || (ABSENT.test(failureCode(deepestCause(error))) && !reached) ? failure : new Transient(failure)
  }
  const { code, headers } = error as APIError
  if (status === 429 && code !== 'insufficient_quota') {
    return new Transient(
      unavailable(
        `The judge at ${host} has reached its rate limit: ${message}. Wait, or use a lower --parallel. Existing verdicts are kept.`,
      ),
      retryAfter(headers),
    )
  }
  if (status === 429) return unavailable(`The account at ${host} has no credit left: ${message}. Existing verdicts are kept.`)
  if (status === 408 || status === 409 || status === 425 || status >= 500)
    return new Transient(
      unavailable(`The judge at ${host} returned an error (${message}). Try again later. Existing verdicts are kept.`),
      retryAfter(headers),
    )
  if (status === 401 || status === 403) return unavailable(`The judge at ${host} rejected the key (${message}). Check ${settings.key}.`)
  if (status === 404)
    return unavailable(`The judge at ${host} has no model "${model}" (${message}). Check the model name and ${settings.address}.`)
  if (status < 400)
    return unavailable(`The judge at ${host} redirects to another URL (${status}). Set ${settings.address} to the final URL.`)
  return new TarsierError('judge-failed', `The judge at ${host} rejected this question: ${message}. The sample counts as failed.`, options)
}

function reasonOf(error: unknown): string {
  const reason = deepestCause(error)
  return reason.message || failureCode(reason)
}
