import { APIConnectionError, APIError, APIUserAbortError } from 'openai'
import { Transient } from '../engine/models/hub/transient.ts'
import { deepestCause, failureCode, TarsierError, typedCause } from '../shared/errors.ts'
import { isLasting } from './server-connection.ts'
import { retryAfter, serverMessage } from './server-retries.ts'

/** Maximum length of a server's error message, which may be several pages long. */
const LONGEST = 500
/** Statuses of a server, or a proxy before it, that cannot take the request at present. */
const BUSY: readonly number[] = [429, 502, 503, 504]
/** Error codes of a connection that was never made. */
const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

/** The model's server, for error messages. The key is only needed to remove it from them. */
export interface ModelServer {
  readonly url: string
  readonly model: string
  readonly key: string
  /** See `ServerConnection`. */
  readonly toCheck: string
}

/**
 * What a failure that may pass says about the server: it is `busy`; it is `unreachable`, or the connection broke; or it answered this request with an
 * error of its own (`fault`).
 */
export type TroubleKind = 'busy' | 'unreachable' | 'fault'

/** A failed request that may succeed a moment later, on this server or on another one. */
export class ServerTrouble extends Transient {
  readonly kind: TroubleKind
  /** Whether the server may have received the request, which may therefore be what it failed at. */
  readonly received: boolean

  constructor(failure: TarsierError, kind: TroubleKind, { wait = null, received }: { wait?: number | null; received: boolean }) {
    super(failure, wait)
    this.kind = kind
    this.received = received
  }
}

/**
 * Converts the error of a request to a model's server to a typed error without the key, wrapped in a {@link ServerTrouble} if the same request may
 * succeed a moment later. `continuesAnswer` indicates whether the request contains the beginning of an answer. `model-unavailable`, `not-allowed` and
 * `model-missing` concern the server, `connections-off` this machine, `model-failed` this request.
 */
export function serverError(error: unknown, server: ModelServer, { continuesAnswer }: { readonly continuesAnswer: boolean }): unknown {
  const typed = typedCause(error)
  if (typed) return typed
  if (!(error instanceof APIError)) return brokenReply(error, server)
  const failure = continuesAnswer && refusesAnswerPrefix(error) ? answerPrefixRefused(error, server) : failureOf(error, server)
  const kind = troubleOf(error)
  if (kind === null) return failure
  const received = kind !== 'unreachable' || !NOT_CONNECTED.test(failureCode(deepestCause(error)))
  return new ServerTrouble(failure, kind, { wait: retryAfter(error.headers as Headers | undefined), received })
}

/** Failures while the reply is read, which the package passes on as they are. */
function brokenReply(error: unknown, { url, key }: ModelServer): unknown {
  const message = serverMessage(deepestCause(error).message, key, LONGEST)
  const cause = new Error(message)
  if (error instanceof SyntaxError)
    return new TarsierError('model-failed', `The response of ${url} to this sample is not JSON: ${message}.`, { cause })
  // undici's error for a body that breaks off.
  if (!(error instanceof TypeError)) return error
  const failure = new TarsierError('model-unavailable', `The response of ${url} broke off: ${message}. Check the server.`, { cause })
  return new ServerTrouble(failure, 'unreachable', { received: true })
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

/** Null if the same request would fail again. */
function troubleOf(error: APIError): TroubleKind | null {
  if (error instanceof APIUserAbortError) return null
  if (error instanceof APIConnectionError) return isLasting(error) ? null : 'unreachable'
  if (BUSY.includes(error.status ?? 0)) return 'busy'
  return error.status === 408 || error.status === 409 || (error.status ?? 0) >= 500 ? 'fault' : null
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
    default:
      if (BUSY.includes(error.status ?? 0))
        return new TarsierError(
          'model-unavailable',
          `${server.url} is overloaded: ${message}. Run the same command again later to resume.`,
          {
            cause,
            details,
          },
        )
      return new TarsierError('model-failed', `${server.url} returned an error for this sample: ${message}.`, { cause, details })
  }
}
