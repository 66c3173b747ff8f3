import { CLIPS_PATH } from '../../shared/contract/addresses.ts'
import { errorDataSchema } from '../../shared/contract/base.ts'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import { TarsierError } from '../../shared/errors.ts'

/**
 * Uploads a file to the server, which stores and probes it. `sent` receives the uploaded fraction from 0 to 1, which `fetch`
 * cannot report. Rejects with the server's error.
 */
export function uploadFile(file: File, sent: (share: number) => void, signal: AbortSignal): Promise<ClipMetadata> {
  const request = new XMLHttpRequest()
  const { promise, resolve, reject } = Promise.withResolvers<ClipMetadata>()
  const abort = () => request.abort()
  request.upload.onprogress = ({ loaded, total }) => sent(total > 0 ? loaded / total : 1)
  request.onload = () => {
    const body: unknown = request.response
    if (request.status >= 200 && request.status < 300 && body) resolve(body as ClipMetadata)
    else reject(refusal(request.status, body))
  }
  request.onerror = () =>
    reject(
      new TarsierError('service-lost', 'The file could not be uploaded because Tarsier does not respond. Check that it is still running.'),
    )
  request.onabort = () => reject(signal.reason)
  request.responseType = 'json'
  request.open('POST', `${CLIPS_PATH}?name=${encodeURIComponent(file.webkitRelativePath || file.name)}`)
  request.setRequestHeader('content-type', 'application/octet-stream')
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) reject(signal.reason)
  else request.send(file)
  return promise.finally(() => signal.removeEventListener('abort', abort))
}

function refusal(status: number, body: unknown): TarsierError {
  const data = errorDataSchema.safeParse(body)
  if (data.success) return TarsierError.fromData(data.data)
  if (status === 401 || status === 403) {
    return new TarsierError('not-allowed', 'This page is no longer authorized. Open the address that Tarsier printed again.')
  }
  return new TarsierError('internal', `The upload was rejected with status ${status}. Please report it.`)
}
