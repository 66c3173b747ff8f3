import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chunkSchema, completionSchema } from '../../../src/serve/openai/response.ts'
import { checkChunkSchema, type EventsChunk, eventsChunkSchema } from '../../../src/serve/openai/video-request.ts'
import { clipEventsSchema } from '../../../src/shared/clip-events.ts'
import { supportReportSchema } from '../../../src/shared/support-report.ts'
import { writeShotClip } from '../../helpers/shot-clip.ts'
import { example } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

const CLIP = 'red-circle-right-then-grows.mp4'
const short = { model: 'demo', frames: 8, max_tokens: 40, precision: 60 } as const
let run: RunServer
let root: string
let sent: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tarsier-videos-'))
  await mkdir(join(root, 'films'))
  await copyFile(example(CLIP), join(root, 'films', CLIP))
  await writeShotClip(join(root, 'films', 'film.mp4'), [60, 75, 60], 5)
  run = await RunServer.make({ mediaRoot: join(root, 'films') })
  sent = `data:video/mp4;base64,${(await readFile(example(CLIP))).toString('base64')}`
})
afterAll(async () => {
  await run[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

function post(path: string, body: object, init: RequestInit = {}): Promise<Response> {
  return run.fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...init })
}

/** The values of server-sent events; `[DONE]` as it is. */
function dataOf(text: string): unknown[] {
  const lines = text.split('\n\n').filter((line) => line.startsWith('data: '))
  return lines.map((line) => (line === 'data: [DONE]' ? '[DONE]' : JSON.parse(line.slice('data: '.length))))
}

test('finds the events of a clip by its path, and of one that is sent', async () => {
  const byPath = await post('/v1/videos/events', { ...short, video: 'film.mp4' })
  expect(byPath.status).toBe(200)
  const found = clipEventsSchema.parse(await byPath.json())
  expect(found).toMatchObject({ file: 'film.mp4', model: 'demo' })
  expect(found.segments).toHaveLength(3)
  const whole = await post('/v1/videos/events', { ...short, video: sent, text: 'A red circle moves right and then grows.' })
  const timed = clipEventsSchema.parse(await whole.json())
  expect(timed.file).toBe('video')
  expect(timed.events.map(({ text }) => text)).toEqual(['A red circle moves right', 'and then grows.'])
  // Finished segments are kept only until the end, and never those of a clip that was sent.
  expect(await readdir(join(run.home, 'cache', 'events'))).toEqual([])
})

test('streams progress and each segment, and stops when the client leaves', async () => {
  const response = await post('/v1/videos/events', { ...short, video: 'film.mp4', stream: true })
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const received = dataOf(await response.text())
  expect(received.pop()).toBe('[DONE]')
  const chunks = received.map((each) => eventsChunkSchema.parse(each))
  const segments = chunks.filter((each): each is Extract<EventsChunk, { type: 'segment' }> => each.type === 'segment')
  const last = chunks.at(-1)
  expect(chunks[0]).toMatchObject({ type: 'progress', stage: 'shots' })
  expect(last?.type === 'result' && last.result.segments).toEqual(segments.map(({ segment }) => segment))
  expect(last?.type === 'result' && last.result.events).toEqual(segments.flatMap(({ events }) => events))

  const stop = new AbortController()
  const left = await post('/v1/videos/events', { ...short, video: 'film.mp4', stream: true }, { signal: stop.signal })
  const reader = left.body?.getReader()
  await reader?.read()
  stop.abort()
  await expect.poll(() => run.service.runs.running, { timeout: 20_000 }).toBeNull()
  expect(run.service.runs.waiting).toBe(0)
})

test('checks a text against a clip', async () => {
  const check = async (text: string) =>
    supportReportSchema.parse(await (await post('/v1/videos/check', { model: 'demo', video: sent, text })).json())
  const right = await check('A red circle moves right.')
  const wrong = await check('A blue circle moves right.')
  expect(right).toMatchObject({ file: 'video', sentences: [{ text: 'A red circle moves right.' }] })
  expect(right.support).toBeGreaterThan(wrong.support)
  const streamed = dataOf(await (await post('/v1/videos/check', { model: 'demo', video: CLIP, text: 'A circle.', stream: true })).text())
  expect(streamed.pop()).toBe('[DONE]')
  expect(checkChunkSchema.parse(streamed.at(-1))).toMatchObject({ type: 'result', result: { file: CLIP } })
})

test('a number of frames is sampled as the settings say', async () => {
  const framesOf = async () => (await run.service.fileEvents.framesOf(8, { model: 'demo' })).frames
  const own = (await run.service.fileEvents.settingsOf({ model: 'demo' })).settings.frames
  expect(await framesOf()).toEqual({ kind: own.kind, count: 8 })
  for (const sampler of ['middle', 'uniform'] as const) {
    run.service.library.settings.set({ sampler })
    expect(await framesOf()).toEqual({ kind: sampler, count: 8 })
  }
  run.service.library.settings.set({ sampler: null })
  expect(await run.service.fileEvents.framesOf(null, { model: 'demo' })).toEqual({})
})

test.each([
  ['a path outside the folder', '/v1/videos/events', { model: 'demo', video: '../secret.mp4' }, 403, 'video'],
  ['a missing file', '/v1/videos/check', { model: 'demo', video: 'none.mp4', text: 'x' }, 404, 'video'],
  ['an unknown field', '/v1/videos/events', { model: 'demo', video: CLIP, speed: 2 }, 400, null],
  ['no text', '/v1/videos/check', { model: 'demo', video: CLIP }, 400, 'text'],
  ['more frames than models take', '/v1/videos/check', { model: 'demo', video: CLIP, text: 'x', frames: 257 }, 400, 'frames'],
  ['a wrong length', '/v1/videos/events', { model: 'demo', video: CLIP, segment: 0 }, 400, 'segment'],
  ['an unknown model', '/v1/videos/events', { model: 'none', video: CLIP }, 404, null],
  ['a model by its path', '/v1/videos/events', { model: '/models/x', video: CLIP }, 404, 'model'],
  ['a host that is not allowed', '/v1/videos/events', { model: 'demo', video: 'http://example.org/a.mp4', stream: true }, 403, 'video'],
] as const)('refuses %s', async (_, path, body, status, param) => {
  const response = await post(path, body)
  expect(response.status).toBe(status)
  const { error } = (await response.json()) as { error: { param: string | null; message: string } }
  if (param !== null) expect(error.param).toBe(param)
  expect(error.message).not.toContain(root)
})

test('the token is required', async () => {
  const response = await fetch(`${run.base}/v1/videos/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...short, video: CLIP }),
  })
  expect(response.status).toBe(401)
})

test('OpenAI’s client gets the events and the support of an answer on request', async () => {
  const client = new OpenAI({ baseURL: `${run.base}/v1`, apiKey: run.server.token ?? '', maxRetries: 0 })
  const content = [{ type: 'video_url', video_url: { url: sent } }] as unknown as string
  const request = { model: 'demo', messages: [{ role: 'user' as const, content }], tarsier: { events: true, support: true } }
  interface Scored {
    readonly tarsier?: {
      readonly events?: readonly { text: string; start: number | null }[]
      readonly support?: readonly { text: string; support: number }[]
    }
  }
  const whole = await client.chat.completions.create(request)
  completionSchema.parse(whole)
  const { events, support } = (whole as Scored).tarsier ?? {}
  expect(events?.[0]).toMatchObject({ text: 'A red circle moves right', start: 0 })
  expect(support?.map(({ text }) => text).join(' ')).toBe(whole.choices[0]?.message.content?.trim())
  expect((whole as { warnings?: unknown }).warnings).toBeUndefined()

  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) chunks.push(chunk)
  for (const chunk of chunks) chunkSchema.parse(chunk)
  const scored = chunks.filter((chunk) => (chunk as Scored).tarsier)
  expect(scored).toEqual([chunks.at(-1)])
  expect((scored[0] as Scored).tarsier).toMatchObject({ events, support })

  const without = { ...request, messages: [{ role: 'user' as const, content: 'Hello?' }] }
  await expect(client.chat.completions.create(without)).rejects.toMatchObject({ status: 400, param: 'tarsier' })
  const { tarsier: _, ...bare } = request
  const plain = await client.chat.completions.create(bare)
  expect((plain as Scored).tarsier).not.toHaveProperty('events')
})
