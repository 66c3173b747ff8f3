import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { mediaTypeOf } from '../service/browser-formats.ts'
import type { Service } from '../service/service.ts'
import { parseRange } from '../shared/byte-range.ts'
import { attachment } from '../shared/contract/addresses.ts'
import { idSchema } from '../shared/contract/base.ts'
import { errorCodeInfo } from '../shared/error-codes.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import { receiveUpload } from './upload.ts'

export interface ClipRouteOptions {
  /** Largest upload in bytes. */
  readonly maxUpload: number
}

/** Routes for uploading and downloading clips; see `src/shared/contract/addresses.ts`. */
export function clipRoutes(service: Service, { maxUpload }: ClipRouteOptions): Hono {
  const routes = new Hono()
  routes.post('/', async (c) => {
    const clip = await receiveUpload(service, c.req.raw, { name: c.req.query('name') ?? '', limit: maxUpload })
    return c.json(await service.clips.metadata(clip), 201)
  })
  routes.get('/:handle', async (c) => {
    const clip = await service.clips.present(handleOf(c), c.req.raw.signal)
    return await sendFile(c, clip.path, mediaTypeOf(clip.facts))
  })
  routes.get('/:handle/preview', async (c) => {
    const clip = await service.clips.get(handleOf(c), c.req.raw.signal)
    if (!(await service.previews.isReady(clip)))
      throw new TarsierError('nothing-found', 'This clip has no preview yet. Request the preview first.')
    return await sendFile(c, service.previews.pathOf(clip), clip.facts.kind === 'image' ? 'image/jpeg' : 'video/webm')
  })
  routes.get('/:handle/pieces/:piece', async (c) => {
    const { path, name, mediaType } = service.moments.get(handleOf(c), c.req.param('piece'))
    return await sendFile(c, path, mediaType, attachment(name))
  })
  routes.onError((error, c) => {
    if (isAbort(error) || c.req.raw.signal.aborted) return c.body(null, 499 as ContentfulStatusCode)
    const typed = asTarsierError(error)
    return c.json(typed.toData(), errorCodeInfo[typed.code].http)
  })
  return routes
}

function handleOf(c: Context): string {
  const id = idSchema.safeParse(c.req.param('handle'))
  if (id.success) return id.data
  throw new TarsierError('nothing-found', 'This clip does not exist.')
}

async function sendFile(c: Context, path: string, type: string, disposition = 'inline'): Promise<Response> {
  const { size, mtimeMs } = await stat(path)
  const range = parseRange(c.req.header('range'), size)
  const headers: Record<string, string> = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
    'Content-Type': type,
    // Show uploads instead of saving them; `nosniff` and the content security policy prevent execution.
    'Content-Disposition': disposition,
    ETag: `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`,
  }
  if (range === 'unsatisfiable') return c.body(null, 416, { ...headers, 'Content-Range': `bytes */${size}` })
  if (range === null && c.req.header('if-none-match') === headers.ETag) return c.body(null, 304, headers)
  const { start, end } = range ?? { start: 0, end: size - 1 }
  const length = { 'Content-Length': String(end - start + 1), ...(range && { 'Content-Range': `bytes ${start}-${end}/${size}` }) }
  if (c.req.method === 'HEAD') return c.body(null, range ? 206 : 200, { ...headers, ...length })
  const bytes = Readable.toWeb(createReadStream(path, { start, end })) as ReadableStream<Uint8Array>
  return c.body(bytes, range ? 206 : 200, { ...headers, ...length })
}
