import { join } from 'node:path'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { modelBytes, readManifest } from '../../engine/models/manifest.ts'
import { listModels, resolveModel } from '../../engine/models/registry.ts'
import { newId } from '../../library/ids.ts'
import type { Service } from '../../service/service.ts'
import { TarsierError } from '../../shared/errors.ts'
import { sizeText } from '../../shared/size-text.ts'
import { jsonOnly } from '../gate.ts'
import { answerRequest } from './answer-request.ts'
import { apiError, apiErrorBody } from './errors.ts'
import { type MediaRules, RequestMedia } from './media.ts'
import { readRequest } from './request.ts'
import type { ListedModel } from './response.ts'
import { completeAnswer, sseResponse, streamedAnswer } from './stream.ts'
import { UploadFolder } from './upload-folder.ts'
import { type CheckChunk, checkRequestSchema, type EventsChunk, eventsRequestSchema, readVideoRequest } from './video-request.ts'
import { checkChunks, chunkLines, eventChunks, lastResult } from './videos.ts'

/**
 * Serves `GET /v1/models` and `POST /v1/chat/completions`, compatible with OpenAI's clients, and beside them `POST /v1/videos/events` and
 * `POST /v1/videos/check`.
 * @param folders known folders of the server, which no message contains
 */
export function openAiRoutes(service: Service, rules: MediaRules, folders: readonly string[]): Hono {
  const uploads = new UploadFolder(join(service.home, 'cache', 'api'))
  const routes = new Hono()
  routes.get('/models', async (c) => c.json({ object: 'list', data: await models(service) }))
  routes.get('/models/:model', async (c) => {
    const found = (await models(service)).find(({ id }) => id === c.req.param('model'))
    if (!found)
      throw new TarsierError(
        'model-missing',
        `The model "${c.req.param('model')}" does not exist. GET /v1/models lists the installed models.`,
      )
    return c.json(found)
  })
  const maxSize = rules.maxBytes * 1.4
  const tooLarge = `The request is larger than the limit of ${sizeText(maxSize)}. Refer to large clips by path.`
  const tooLargeBody = apiErrorBody(tooLarge, 'invalid_request_error', null, 'upload-too-large')
  const parts = { service, openMedia: () => new RequestMedia(uploads, rules), folders }
  const limited = bodyLimit({ maxSize, onError: (c) => c.json(tooLargeBody, 413) })
  routes.post('/chat/completions', jsonOnly, limited, (c) => complete(c, parts))
  routes.post('/videos/events', jsonOnly, limited, async (c) => {
    const request = readVideoRequest(eventsRequestSchema, await bodyOf(c))
    return await chunked(c, parts, request, (stop) => eventChunks(request, { ...parts, client: `events-${newId()}` }, stop))
  })
  routes.post('/videos/check', jsonOnly, limited, async (c) => {
    const request = readVideoRequest(checkRequestSchema, await bodyOf(c))
    return await chunked(c, parts, request, (stop) => checkChunks(request, { ...parts, client: `check-${newId()}` }, stop))
  })
  routes.onError((error, c) => {
    const { status, body } = apiError(error, folders)
    return c.json(body, status)
  })
  routes.all('*', (c) =>
    c.json(apiErrorBody(`${c.req.method} ${c.req.path} does not exist on this server.`, 'not_found_error', null, 'not_found'), 404),
  )
  return routes
}

async function models(service: Service): Promise<ListedModel[]> {
  return (await listModels(service.home)).flatMap(({ name, manifest }) =>
    manifest
      ? [
          {
            id: name,
            object: 'model',
            created: 0,
            owned_by: manifest.source.repository || 'tarsier',
            summary: manifest.summary,
            context: manifest.maxSequence,
            bytes: modelBytes(manifest),
          },
        ]
      : [],
  )
}

interface Parts {
  readonly service: Service
  openMedia(): RequestMedia
  readonly folders: readonly string[]
}

async function complete(c: Context, { service, openMedia, folders }: Parts): Promise<Response> {
  const request = readRequest(await bodyOf(c))
  const manifest = await readManifest(await resolveModel(nameOf(request.model), service.home))
  const stop = stopOf(c)
  const head = { id: `chatcmpl-${newId()}`, created: Math.floor(Date.now() / 1000), model: request.model }
  const logprobs = request.logprobs === true
  const events = answerRequest(request, manifest, { service, openMedia, client: head.id }, stop.signal)
  if (request.stream !== true) return c.json(await completeAnswer(events, head, logprobs))
  return await streamedAnswer(
    events,
    head,
    { withUsage: request.stream_options?.include_usage === true, logprobs, shaped: request.tarsier?.shape != null, folders },
    stop,
  )
}

/** Answers with the result of chunks, or streams them. Waits for the first one, so that immediate errors are sent with their status. */
async function chunked(
  c: Context,
  { service, folders }: Parts,
  { model, stream }: { readonly model: string; readonly stream?: boolean | null | undefined },
  chunksOf: (stop: AbortSignal) => AsyncGenerator<EventsChunk | CheckChunk, void>,
): Promise<Response> {
  await resolveModel(nameOf(model), service.home)
  const stop = stopOf(c)
  const chunks = chunksOf(stop.signal)
  if (stream !== true) return c.json(await lastResult(chunks))
  return sseResponse(chunkLines(chunks, await chunks.next(), folders), stop)
}

/** Aborts when either side closes the connection. */
function stopOf(c: Context): AbortController {
  const stop = new AbortController()
  const { signal: closed } = c.req.raw
  closed.addEventListener('abort', () => stop.abort(), { once: true })
  if (closed.aborted) stop.abort()
  return stop
}

async function bodyOf(c: Context): Promise<unknown> {
  return await c.req.json().catch((cause: unknown) => {
    throw new TarsierError('usage', 'The body is not JSON.', { cause })
  })
}

/** Restricts models to names: requests must not use paths of this machine. */
function nameOf(model: string): string {
  if (!/[\\/]/.test(model) && model !== '.' && model !== '..') return model
  throw new TarsierError('model-missing', `The model "${model}" does not exist. GET /v1/models lists the installed models.`, {
    details: { param: 'model' },
  })
}
