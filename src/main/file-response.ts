import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { parseRange } from '../shared/byte-range.ts'

/** Returns a file's bytes, or the range of a Range header. Throws if the file cannot be opened. */
export async function fileResponse(path: string, mediaType: string, range: string | null): Promise<Response> {
  const file = await open(path)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('not a file')
    const { size } = stats
    const headers = {
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'content-type': mediaType,
      'x-content-type-options': 'nosniff',
    }
    const part = parseRange(range ?? undefined, size)
    if (part === 'unsatisfiable' || size === 0) {
      await file.close()
      return part === 'unsatisfiable'
        ? new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${size}` } })
        : new Response(null, { status: 200, headers: { ...headers, 'content-length': '0' } })
    }
    const { start, end } = part ?? { start: 0, end: size - 1 }
    // Closes the file at its end, and when the consumer cancels the stream.
    const bytes = Readable.toWeb(file.createReadStream({ start, end })) as ReadableStream<Uint8Array<ArrayBuffer>>
    return new Response(bytes, {
      status: part ? 206 : 200,
      headers: {
        ...headers,
        'content-length': String(end - start + 1),
        ...(part && { 'content-range': `bytes ${start}-${end}/${size}` }),
      },
    })
  } catch (error) {
    await file.close()
    throw error
  }
}
