import { join } from 'node:path'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { modelBytes, readManifest } from '../../engine/models/manifest.ts'
import { listModels, resolveModel } from '../../engine/models/registry.ts'
import { newId } from '../../library/ids.ts'
import type { Service } from '../../service/service.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { type Sampling, samplingSchema } from '../../shared/sampling.ts'
import { jsonOnly } from '../gate.ts'
import { type CompletionHead, chunk, completion, lastChunks } from './completion.ts'
import { readConversation } from './conversation.ts'
import { apiError } from './errors.ts'
import { type MediaRules, RequestMedia } from './media.ts'
import { type ChatRequest, chatRequestSchema } from './request.ts'
import { UploadFolder } from './upload-folder.ts'

/** `GET /v1/models` and `POST /v1/chat/completions`, as OpenAI's clients expect them. */
export function openAiRoutes(service: Service, rules: MediaRules): Hono {
  const uploads = new UploadFolder(join(service.home, 'cache', 'api'))
  const routes = new Hono()
  routes.get('/models', async (c) => c.json({ object: 'list', data: await models(service) }))
  routes.get('/models/:model', async (c) => {
    const found = (await models(service)).find(({ id }) => id === c.req.param('model'))
    if (!found)
      throw new TarsierError('model-missing', `There is no model "${c.req.param('model')}". GET /v1/models lists those that are here.`)
    return c.json(found)
  })
  routes.use('/chat/completions', jsonOnly, bodyLimit({ maxSize: rules.maxBytes * 1.4 }))
  routes.post('/chat/completions', (c) => complete(c, service, () => new RequestMedia(uploads, rules)))
  routes.onError((error, c) => {
    const { status, body } = apiError(error)
    return c.json(body, status)
  })
  routes.all('*', (c) =>
    c.json(
      { error: { message: `There is no ${c.req.method} ${c.req.path} here.`, type: 'not_found_error', param: null, code: 'not_found' } },
      404,
    ),
  )
  return routes
}

async function models(service: Service) {
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

async function complete(c: Context, service: Service, openMedia: () => RequestMedia): Promise<Response> {
  const request = await bodyOf(c)
  const manifest = await readManifest(await resolveModel(nameOf(request.model), service.home))
  // Ends with the connection, whoever closes it.
  const stop = new AbortController()
  const { signal: closed } = c.req.raw
  closed.addEventListener('abort', () => stop.abort(), { once: true })
  if (closed.aborted) stop.abort()
  const head = { id: `chatcmpl-${newId()}`, created: Math.floor(Date.now() / 1000), model: request.model }
  const events = run(request, manifest, { service, openMedia, client: head.id }, stop.signal)
  if (request.stream) return await stream(events, head, request.stream_options?.include_usage === true, stop)
  for await (const event of events) if (event.kind === 'done') return c.json(completion(head, event.answer))
  throw new TarsierError('internal', 'An answer ended without its end. Please report it.')
}

async function bodyOf(c: Context): Promise<ChatRequest> {
  const value: unknown = await c.req.json().catch((cause: unknown) => {
    throw new TarsierError('usage', 'The body is not JSON.', { cause })
  })
  const result = chatRequestSchema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.join('.') ?? ''
  throw new TarsierError('usage', `${where || 'The request'}: ${issue?.message ?? 'not understood'}.`, {
    cause: result.error,
    details: { param: where || null },
  })
}

/** Over the network a model has a name and nothing else: no path of this machine. */
function nameOf(model: string): string {
  if (!/[\\/]/.test(model) && model !== '.' && model !== '..') return model
  throw new TarsierError('model-missing', `There is no model "${model}". GET /v1/models lists those that are here.`, {
    details: { param: 'model' },
  })
}

async function* run(
  request: ChatRequest,
  manifest: ModelManifest,
  { service, openMedia, client }: { service: Service; openMedia: () => RequestMedia; client: string },
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void> {
  await using media = openMedia()
  const probe = (path: string) => service.media.probe(path, signal)
  const { key, ...asked } = await readConversation(request, { media, manifest, probe }, signal)
  const leave = await turnOf(service, client, signal)
  try {
    const { device, cache } = service.library.settings.get()
    const engine = await service.engines.for({ model: request.model, device, cache }, key)
    yield* engine.answer(key, { kind: 'chat', ...asked, sampling: samplingOf(request, manifest) }, signal)
  } finally {
    leave()
  }
}

async function turnOf(service: Service, client: string, signal: AbortSignal): Promise<() => void> {
  const waiting = service.runs.enter(client, 'api', signal)
  for (;;) {
    const next = await waiting.next()
    if (next.done) return next.value
  }
}

function samplingOf(request: ChatRequest, { generation }: ModelManifest): Sampling {
  return samplingSchema.parse({
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? generation.maxTokens,
    temperature: request.temperature ?? generation.temperature,
    topP: request.top_p ?? generation.topP,
    topK: request.top_k ?? undefined,
    repeatPenalty: request.repetition_penalty ?? undefined,
    seed: request.seed ?? undefined,
    stop: typeof request.stop === 'string' ? [request.stop] : (request.stop ?? undefined),
  })
}

/** The first event is awaited before anything is sent: what fails at once fails with its status. */
async function stream(
  events: AsyncGenerator<EngineEvent, void>,
  head: CompletionHead,
  withUsage: boolean,
  stop: AbortController,
): Promise<Response> {
  const first = await events.next()
  const lines = sse(events, first, head, withUsage)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await lines.next()
      if (next.done) controller.close()
      else controller.enqueue(encoder.encode(next.value))
    },
    async cancel() {
      stop.abort()
      // Nobody pulls any more: what stands at a yield has to be sent home.
      await lines.return()
    },
  })
  return new Response(body, {
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' },
  })
}

async function* sse(
  events: AsyncGenerator<EngineEvent, void>,
  first: IteratorResult<EngineEvent, void>,
  head: CompletionHead,
  withUsage: boolean,
): AsyncGenerator<string, void> {
  const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`
  try {
    yield data(chunk(head, { role: 'assistant', content: '' }, withUsage))
    for (let next = first; !next.done; next = await events.next()) {
      const event = next.value
      if (event.kind === 'delta') yield data(chunk(head, { content: event.text }, withUsage))
      else if (event.kind === 'done') for (const last of lastChunks(head, event.answer, withUsage)) yield data(last)
      // A comment, which clients pass over: a connection on which nothing comes is closed by some.
      else if (event.kind === 'frame') yield `: looked at frame ${event.done} of ${event.of}\n\n`
    }
    yield 'data: [DONE]\n\n'
  } catch (error) {
    yield data(apiError(error).body)
  } finally {
    await events.return()
  }
}
