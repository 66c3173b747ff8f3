import { APIConnectionError, APIError, APIUserAbortError } from 'openai'
import { Transient } from '../../engine/models/hub/transient.ts'
import { deepestCause, TarsierError } from '../../shared/errors.ts'
import { isLasting } from '../server-connection.ts'
import { retryAfter, serverMessage } from '../server-retries.ts'

/** Maximum length of a server's error message, which may be several pages long. */
const LONGEST = 500

/** The model's server, for error messages. The key is only needed to remove it from them. */
export interface ModelServer {
  readonly url: string
  readonly model: string
  readonly key: string
  /** See `ServerConnection`. */
  readonly toCheck: string
}

/**
 * Converts the error of a request to a model's server to a typed error without the key, wrapped in a {@link Transient} if the same request may
 * succeed a moment later. `continuesAnswer` indicates whether the request contains the beginning of an answer. `model-unavailable`, `not-allowed` and
 * `model-missing` concern the server, `model-failed` this request.
 */
export function serverError(error: unknown, server: ModelServer, { continuesAnswer }: { readonly continuesAnswer: boolean }): unknown {
  if (!(error instanceof APIError)) return error
  const failure = continuesAnswer && refusesAnswerPrefix(error) ? answerPrefixRefused(error, server) : failureOf(error, server)
  return mayPass(error) ? new Transient(failure, retryAfter(error.headers as Headers | undefined)) : failure
}

/**
 * Whether the server rejects an answer with a given beginning, because it does not know the fields, or requires the last message to be the user's.
 */
function refusesAnswerPrefix({ status, message, param }: APIError): boolean {
  return (
    (status === 400 || status === 422) &&
    /continue_final_message|add_generation_prompt|prefill|assistant|(last|final) (message|role)/i.test(`${param ?? ''} ${message}`)
  )
}

function answerPrefixRefused(error: APIError, server: ModelServer): TarsierError {
  const message = serverMessage(error.message, server.key, LONGEST)
  return new TarsierError(
    'model-failed',
    `${server.url} cannot continue an answer that is already started: ${message}. Omit the beginning of the answer with --begun omit.`,
    { cause: new Error(message), details: { status: error.status ?? null } },
  )
}

/** Whether the error may be transient: no connection, a busy server, or an internal server error. */
function mayPass(error: APIError): boolean {
  if (error instanceof APIUserAbortError) return false
  if (error instanceof APIConnectionError) return !isLasting(error)
  return error.status === 408 || error.status === 409 || error.status === 429 || (error.status ?? 0) >= 500
}

function failureOf(error: APIError, server: ModelServer): TarsierError {
  const clean = (text: string) => serverMessage(text, server.key, LONGEST)
  const message = clean(error.message)
  // Never keep the request with its headers.
  const cause = new Error(message)
  if (error instanceof APIConnectionError) {
    const why = clean(deepestCause(error).message)
    return new TarsierError(
      'model-unavailable',
      `${server.url} cannot be reached: ${why}. Start the server, check ${server.toCheck}, or give another --base-url.`,
      {
        cause,
      },
    )
  }
  const details = { status: error.status ?? null }
  if (error.status !== undefined && error.status >= 300 && error.status < 400)
    return new TarsierError(
      'model-unavailable',
      `${server.url} redirects to another URL (${error.status}). Give the final URL with --base-url.`,
      {
        cause,
        details,
      },
    )
  switch (error.status) {
    case 401:
    case 403:
      return new TarsierError('not-allowed', `${server.url} rejected the key: ${message}. Set OPENAI_API_KEY to a valid key.`, {
        cause,
        details,
      })
    case 404:
      return new TarsierError(
        'model-missing',
        `${server.url} has no model "${server.model}", or is not an OpenAI-compatible server: ${message}.`,
        {
          cause,
          details,
        },
      )
    case 429:
    case 502:
    case 503:
    case 504:
      return new TarsierError('model-unavailable', `${server.url} is overloaded: ${message}. Run the same command again later to resume.`, {
        cause,
        details,
      })
    default:
      return new TarsierError('model-failed', `${server.url} returned an error for this sample: ${message}.`, { cause, details })
  }
}
