import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { asTarsierError, type ErrorCode } from '../../shared/errors.ts'

/** An error as OpenAI's clients read it. `code` is ours. */
export interface ApiError {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string }
}

export function apiError(error: unknown): { readonly status: ContentfulStatusCode; readonly body: ApiError } {
  const { code, message, details } = asTarsierError(error)
  const status = statusOf(code)
  const type = status >= 500 ? 'server_error' : status === 404 ? 'not_found_error' : 'invalid_request_error'
  const param = typeof details?.param === 'string' ? details.param : null
  return { status, body: { error: { message, type, param, code: code === 'context-full' ? 'context_length_exceeded' : code } } }
}

function statusOf(code: ErrorCode): ContentfulStatusCode {
  switch (code) {
    case 'model-missing':
      return 404
    case 'not-allowed':
      return 403
    case 'upload-too-large':
      return 413
    case 'out-of-memory':
    case 'device-unavailable':
    case 'native-library':
    case 'engine-crashed':
    case 'engine-hung':
    case 'library-busy':
      return 503
    case 'disk-full':
      return 507
    case 'internal':
    case 'write-failed':
    case 'model-damaged':
    case 'model-unsupported':
    case 'model-mismatch':
      return 500
    default:
      return 400
  }
}
