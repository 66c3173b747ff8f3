import { APIConnectionError, APIError } from 'openai'
import { TarsierError } from '../../shared/errors.ts'

/** A server's own words can be pages long. */
const LONGEST = 500

/**
 * What a request to a model's server ended with, as a typed error without the key: servers like to repeat it. `model-unavailable`, `not-allowed` and
 * `model-missing` concern the server, `model-failed` this request.
 */
export function serverError(error: unknown, server: { readonly url: string; readonly model: string; readonly key: string }): unknown {
  if (!(error instanceof APIError)) return error
  const clean = (text: string) => (server.key === '' ? text : text.replaceAll(server.key, '…')).replace(/\s+/g, ' ').slice(0, LONGEST)
  const said = clean(error.message)
  // The request itself, with its headers, is never kept.
  const cause = new Error(said)
  if (error instanceof APIConnectionError) {
    const why = clean(innermost(error).message)
    return new TarsierError('model-unavailable', `${server.url} cannot be reached: ${why}. Start the server, or give another --base-url.`, {
      cause,
    })
  }
  const details = { status: error.status ?? null }
  switch (error.status) {
    case 401:
    case 403:
      return new TarsierError('not-allowed', `${server.url} refuses the key: ${said}. Set OPENAI_API_KEY to one that it knows.`, {
        cause,
        details,
      })
    case 404:
      return new TarsierError(
        'model-missing',
        `${server.url} has no model "${server.model}", or is no OpenAI-compatible server: ${said}.`,
        {
          cause,
          details,
        },
      )
    case 429:
    case 502:
    case 503:
    case 504:
      return new TarsierError(
        'model-unavailable',
        `${server.url} has no room for requests: ${said}. Start the same again later: what is done stays.`,
        {
          cause,
          details,
        },
      )
    default:
      return new TarsierError('model-failed', `${server.url} did not answer this sample: ${said}.`, { cause, details })
  }
}

function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error
}
