import { Response } from 'undici'

/** More than any server says of an error. */
const MAX_BYTES = 64 * 1024

type Answer = Pick<Response, 'status' | 'headers' | 'body'>

/**
 * A refusal with its words where OpenAI's client looks for them, in `error.message`: servers of other makes have them elsewhere (FastAPI in `detail`,
 * with the places of what was wrong; others in `message`). Other answers come back as they are.
 */
export async function withOpenAiError(response: Response): Promise<Answer> {
  if (response.status < 400) return response
  const text = await beginning(response)
  const words = wordsOf(text)
  const headers = new Headers()
  // Of a body that was decoded, and that may be another now.
  for (const [name, value] of response.headers) if (!/^content-(length|encoding|type)$/.test(name)) headers.set(name, value)
  if (words === null) return new Response(text, { status: response.status, headers: { ...Object.fromEntries(headers) } })
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify({ error: { message: words } }), {
    status: response.status,
    headers: { ...Object.fromEntries(headers) },
  })
}

/** What a body says in another shape than OpenAI's; null where it has that one, or none. */
function wordsOf(text: string): string | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null // plain text, which the client shows as it is
  }
  if (typeof value === 'object' && value !== null && 'error' in value && value.error)
    return typeof value.error === 'string' ? value.error : null
  return said(value) || text
}

/** The words in a value, of whatever shape. */
function said(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(said).filter(Boolean).join('; ')
  if (typeof value !== 'object' || value === null) return ''
  const { detail, message, msg, loc, errors, title } = value as Record<string, unknown>
  const words = [detail, message, msg, errors, title].map(said).find(Boolean) ?? ''
  // FastAPI says in which part of the request: ["body", "messages", 0].
  return Array.isArray(loc) && loc.length > 0 ? `${loc.map(String).join('.')}: ${words}` : words
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
