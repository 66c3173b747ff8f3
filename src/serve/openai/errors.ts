import { type ErrorCode, errorCodeInfo } from '../../shared/error-codes.ts'
import { asTarsierError, TarsierError } from '../../shared/errors.ts'
import { withoutPaths } from '../without-paths.ts'
import type { ApiError } from './response.ts'

/** Rewrites an error about a file so that it names the part of the request that contained the file. */
export function ofPart(error: unknown, where: string, path = ''): unknown {
  if (!(error instanceof TarsierError)) return error
  const { code, message, details, remedy } = error
  const text = path !== '' && message.includes(path) ? message.replaceAll(path, () => where) : `${where}: ${message}`
  return new TarsierError(code, text, { cause: error, details: { ...details, param: where }, remedy })
}

/** Rewrites an error so that it names parts of the request instead of the files that they contained. */
export function placed(error: unknown, places: ReadonlyMap<string, string>): unknown {
  if (!(error instanceof TarsierError)) return error
  let { message } = error
  let param = error.details?.param
  for (const [path, where] of places) {
    if (!message.includes(path)) continue
    message = message.replaceAll(path, () => where)
    param ??= where
  }
  if (message === error.message) return error
  return new TarsierError(error.code, message, {
    cause: error,
    details: { ...error.details, ...(param !== undefined && { param }) },
    remedy: error.remedy,
  })
}

/**
 * Converts an error to OpenAI's format, without paths of this machine.
 * @param folders known folders of the server, see {@link withoutPaths}
 */
export function apiError(
  error: unknown,
  folders: readonly string[],
): { readonly status: (typeof errorCodeInfo)[ErrorCode]['http']; readonly body: ApiError } {
  const { code, message, details } = asTarsierError(error)
  const status = errorCodeInfo[code].http
  const type = status >= 500 ? 'server_error' : status === 404 ? 'not_found_error' : 'invalid_request_error'
  const param = typeof details?.param === 'string' ? details.param : code === 'context-full' ? 'messages' : null
  const text = withoutPaths(message, folders)
  return { status, body: apiErrorBody(text, type, param, code === 'context-full' ? 'context_length_exceeded' : code) }
}

export function apiErrorBody(message: string, type: string, param: string | null, code: string): ApiError {
  return { error: { message, type, param, code } }
}
