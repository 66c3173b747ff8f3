import { APIError } from 'openai'
import { type Patience, Transient } from '../../engine/models/hub/transient.ts'
import { deepestCause, failureCode, TarsierError } from '../../shared/errors.ts'
import { isLasting } from '../server-connection.ts'
import { retryAfter, serverWords } from '../server-patience.ts'

/** What is known of a judge's server when something fails. */
export interface JudgeServer {
  /** Host and port, for sentences. */
  readonly host: string
  readonly model: string
  /** Never shown: some servers repeat the key in what they say. */
  readonly key: string
  /** See `ServerConnection`. */
  readonly toCheck: string
  /** How the user names address and key, for sentences: names of environment variables. */
  readonly settings: { readonly address: string; readonly key: string }
}

/** Limits are often counted by the minute, so that the waits together are longer than one. */
export const judgePatience: Patience = { attempts: 8, backoff: 500, stall: 120_000 }

const SAID_LENGTH = 400
/** Nobody is there at all. */
const ABSENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/

/**
 * What a request ended with: `judge-unavailable` as a {@link Transient} where it may pass and as it is where it will not, `judge-failed` where it
 * is this question that the server refuses.
 * @param reached whether the server has answered before; one that never did is not waited for
 */
export function judgeError(error: unknown, server: JudgeServer, reached: boolean): Error {
  if (error instanceof TarsierError || error instanceof Transient) return error
  const { host, model, toCheck, settings } = server
  const status = error instanceof APIError ? (error.status as number | undefined) : undefined
  const said = serverWords(error instanceof APIError && status !== undefined ? error.message : reasonOf(error), server.key, SAID_LENGTH)
  // What was sent, the key among it, hangs on the original error: only its words are kept.
  const options = { cause: new Error(said), details: { host, status: status ?? null } }
  const unavailable = (sentence: string) => new TarsierError('judge-unavailable', sentence, options)
  if (status === undefined) {
    const failure = unavailable(
      `The judge at ${host} cannot be reached: ${said}. Check ${toCheck} and ${settings.address}; what was judged stays.`,
    )
    return isLasting(error) || (ABSENT.test(failureCode(deepestCause(error))) && !reached) ? failure : new Transient(failure)
  }
  const { code, headers } = error as APIError
  if (status === 429 && code !== 'insufficient_quota') {
    return new Transient(
      unavailable(`The judge at ${host} takes no more questions for now: ${said}. Wait, or use a lower --parallel; what was judged stays.`),
      retryAfter(headers),
    )
  }
  if (status === 429) return unavailable(`The account at ${host} has used up its credit: ${said}. What was judged stays.`)
  if (status === 408 || status === 409 || status === 425 || status >= 500)
    return new Transient(unavailable(`The judge at ${host} fails (${said}). Try again later; what was judged stays.`), retryAfter(headers))
  if (status === 401 || status === 403) return unavailable(`The judge at ${host} refused the key (${said}). Check ${settings.key}.`)
  if (status === 404)
    return unavailable(`The judge at ${host} does not know "${model}" (${said}). Check the name of the model and ${settings.address}.`)
  if (status < 400) return unavailable(`The judge at ${host} sends elsewhere (${status}). Give the final address in ${settings.address}.`)
  return new TarsierError('judge-failed', `The judge at ${host} refused this question: ${said}. The sample counts as failed.`, options)
}

function reasonOf(error: unknown): string {
  const reason = deepestCause(error)
  return reason.message || failureCode(reason)
}
