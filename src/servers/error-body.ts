import { Response } from 'undici'

/** Maximum size of an error body, more than any server sends. */
const MAX_BYTES = 64 * 1024

type Answer = Pick<Response, 'status' | 'headers' | 'body'>

/**
 * Moves the message of an error response to `error.message`, where OpenAI's client looks for it. Other servers put it elsewhere: FastAPI in
 * `detail`, with the locations of the errors, others in `message`. Returns other responses unchanged.
 */
export async function withOpenAiError(response: Response): Promise<Answer> {
  if (response.status < 400) return response
  const text = await beginning(response)
  const message = messageOf(text)
  const headers = new Headers()
  // These describe the encoded original body, which was decoded and may have been replaced.
  for (const [name, value] of response.headers) if (!/^content-(length|encoding|type)$/.test(name)) headers.set(name, value)
  if (message === null) return new Response(text, { status: response.status, headers: { ...Object.fromEntries(headers) } })
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify({ error: { message: message } }), {
    status: response.status,
    headers: { ...Object.fromEntries(headers) },
  })
}

/** Extracts the message from a body that does not have OpenAI's format; null if it has that format, or no message. */
function messageOf(text: string): string | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null // plain text, which the client shows unchanged
  }
  if (typeof value === 'object' && value !== null && 'error' in value && value.error)
    return typeof value.error === 'string' ? value.error : null
  return textOf(value) || text
}

/** Extracts the text from a value of any type. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join('; ')
  if (typeof value !== 'object' || value === null) return ''
  const { detail, message, msg, loc, errors, title } = value as Record<string, unknown>
  const text = [detail, message, msg, errors, title].map(textOf).find(Boolean) ?? ''
  // FastAPI gives the location in the request: ["body", "messages", 0].
  return Array.isArray(loc) && loc.length > 0 ? `${loc.map(String).join('.')}: ${text}` : text
}

async function beginning({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  if (body)
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      pieces.push(piece)
      bytes += piece.byteLength
      if (bytes > MAX_BYTES) break
    }
  return Buffer.concat(pieces).subarray(0, MAX_BYTES).toString('utf8')
}
