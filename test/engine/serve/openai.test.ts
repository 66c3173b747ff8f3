import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiErrorSchema, chunkSchema, completionSchema, modelSchema } from '../../../src/serve/openai/response.ts'
import { openApiDocument } from '../../../src/serve/openapi.ts'
import type { Answer } from '../../../src/shared/engine-events.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'
import { example } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

/** A link in the media root to a file outside of it; Wine has no links. */
const LINKS = process.platform === 'win32' ? [] : ['way-out.mp4']
const CLIP = 'red-circle-right-then-grows.mp4'
let run: RunServer
let client: OpenAI
let root: string
let clip: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tarsier-media-'))
  await mkdir(join(root, 'films'))
  await copyFile(example('blue-square-spins.mp4'), join(root, 'films', 'blue.mp4'))
  for (const name of LINKS) await symlink('/etc/hostname', join(root, 'films', name))
  run = await RunServer.make({ mediaRoot: join(root, 'films') })
  client = new OpenAI({ baseURL: `${run.base}/v1`, apiKey: run.server.token ?? '', maxRetries: 0 })
  clip = `data:video/mp4;base64,${(await readFile(example(CLIP))).toString('base64')}`
})
afterAll(async () => {
  await run[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

/** Fields of this server beyond OpenAI's. */
type Progressed = { readonly tarsier: Omit<Answer, 'text'> }
type Message = OpenAI.ChatCompletionMessageParam

/** OpenAI's types have no videos. */
const about = (text: string, ...parts: object[]) => ({ role: 'user', content: [...parts, { type: 'text', text }] }) as unknown as Message
const video = { type: 'video_url', video_url: { url: '' } }

test('lists the installed models', async () => {
  const { data } = await client.models.list()
  expect(data).toMatchObject([{ id: 'demo', object: 'model' }])
  expect((await client.models.retrieve('demo')).id).toBe('demo')
  await expect(client.models.retrieve('big')).rejects.toMatchObject({ status: 404, code: 'model-missing' })
})

test('responses match the OpenAPI document', async () => {
  const messages = [{ role: 'user', content: 'What is this?' }]
  const ask = (more: object) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'demo', messages, max_tokens: 3, logprobs: true, top_logprobs: 2, ...more }),
  })
  const whole = await run.fetch('/v1/chat/completions', ask({ user: 'me' }))
  expect(completionSchema.strict().parse(await whole.json())).toMatchObject({ choices: [{ index: 0 }], warnings: [expect.any(String)] })
  const streamed = await run.fetch('/v1/chat/completions', ask({ stream: true, stream_options: { include_usage: true } }))
  const events = (await streamed.text()).split('\n').flatMap((line) => (line.startsWith('data: {') ? [line.slice('data: '.length)] : []))
  expect(events.length).toBeGreaterThan(2)
  for (const event of events) chunkSchema.strict().parse(JSON.parse(event))
  const { data } = (await (await run.fetch('/v1/models')).json()) as { readonly data: readonly unknown[] }
  for (const model of data) modelSchema.strict().parse(model)
  const refused = await run.fetch('/v1/chat/completions', ask({ messages: [] }))
  apiErrorSchema.strict().parse(await refused.json())
  expect(await (await run.fetch('/openapi.json')).json()).toEqual(openApiDocument())
})

test('answers about a video, and a follow-up costs only its own tokens', async () => {
  const first = about('Describe the video in detail.', { ...video, video_url: { url: clip } })
  const one = (await client.chat.completions.create({ model: 'demo', messages: [first], max_tokens: 60 })) as OpenAI.ChatCompletion &
    Progressed
  const answerText = one.choices[0]?.message.content ?? ''
  expect(answerText).toMatch(/red circle/i)
  expect(one.choices[0]?.finish_reason).toBe('stop')
  expect(one.tarsier.frames).toHaveLength(8)
  expect(one.usage).toMatchObject({ completion_tokens: one.tarsier.tokens.generated, prompt_tokens_details: { cached_tokens: 0 } })
  expect(one.usage?.total_tokens).toBe((one.usage?.prompt_tokens ?? 0) + (one.usage?.completion_tokens ?? 0))

  const messages: Message[] = [first, { role: 'assistant', content: answerText }, { role: 'user', content: 'What color is it?' }]
  const two = (await client.chat.completions.create({ model: 'demo', messages })) as OpenAI.ChatCompletion & Progressed
  expect(two.choices[0]?.message.content).toMatch(/red/i)
  expect(two.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(one.tarsier.tokens.visual)
})

test("continues an answer from the client's prefix and returns only the continuation", async () => {
  const ask = about('Describe the video in detail.', { ...video, video_url: { url: clip } })
  const whole = (await client.chat.completions.create({ model: 'demo', messages: [ask] })).choices[0]?.message.content ?? ''
  const prefix = /^A red circle/.exec(whole)?.[0] ?? ''
  const body = { model: 'demo', messages: [ask, { role: 'assistant' as const, content: prefix }], continue_final_message: true }
  const rest = (await client.chat.completions.create(body)).choices[0]?.message.content ?? ''
  expect(prefix + rest).toBe(whole)
})

test('streams the same text and reports the usage at the end', async () => {
  const messages = [about('Describe the video in detail.', { ...video, video_url: { url: clip } })]
  const whole = await client.chat.completions.create({ model: 'demo', messages })
  const stream = await client.chat.completions.create({ model: 'demo', messages, stream: true, stream_options: { include_usage: true } })
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content)
  expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant')
  const last = chunks.at(-2) as OpenAI.ChatCompletionChunk & Progressed
  expect(last.choices[0]?.finish_reason).toBe('stop')
  expect(last.tarsier.frames).toHaveLength(8)
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: whole.usage?.completion_tokens } })
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
})

test('applies frames, range, pixels, length and stop per request', async () => {
  const ask = (kwargs: object, more: object = {}) =>
    client.chat.completions.create({
      model: 'demo',
      messages: [about('Describe the video in detail.', { type: 'input_video', input_video: { data: clip.split(',')[1] } })],
      mm_processor_kwargs: kwargs,
      ...more,
    } as OpenAI.ChatCompletionCreateParamsNonStreaming) as Promise<unknown> as Promise<OpenAI.ChatCompletion & Progressed>
  const few = await ask({ num_frames: 3, start: 0.5, end: 1 }, { max_tokens: 4 })
  expect(few.tarsier.frames).toHaveLength(3)
  for (const { time } of few.tarsier.frames) expect(time >= 0.5 && time <= 1).toBe(true)
  expect([few.usage?.completion_tokens, few.choices[0]?.finish_reason]).toEqual([4, 'length'])
  const large = join(root, 'films', 'large.mp4')
  await writeClip(large, numberedPictures(8, 640, 480))
  const sized = (max_pixels: number) =>
    client.chat.completions.create({
      model: 'demo',
      messages: [about('What?', { ...video, video_url: { url: 'large.mp4' } })],
      max_tokens: 2,
      mm_processor_kwargs: { num_frames: 2, max_pixels },
    } as OpenAI.ChatCompletionCreateParamsNonStreaming) as Promise<unknown> as Promise<OpenAI.ChatCompletion & Progressed>
  // The demo model supports hardly more than one size; a notice reports the smaller limit.
  expect((await sized(8_000)).tarsier.notices).toContainEqual(expect.stringContaining('limit of 8000 pixels'))
  expect((await sized(1_000_000)).tarsier.notices).not.toContainEqual(expect.stringContaining('limit of'))
  const stopped = await ask({ num_frames: 8 }, { stop: ['circle'] })
  expect(stopped.choices[0]?.message.content).not.toContain('circle')
  await expect(ask({ num_frames: 2, fps: 1 })).rejects.toMatchObject({ status: 400, param: expect.stringContaining('mm_processor_kwargs') })
  expect(await ask({ frames: 2 }, { max_tokens: 2 })).toMatchObject({ warnings: [expect.stringContaining('mm_processor_kwargs.frames')] })
})

describe('paths and addresses', () => {
  const ask = (url: string) =>
    client.chat.completions.create({
      model: 'demo',
      messages: [about('What shape is it?', { ...video, video_url: { url } })],
      max_tokens: 8,
    })

  test('opens a path below the media root', async () => {
    expect((await ask('blue.mp4')).choices[0]?.message.content).toMatch(/square/i)
    expect((await ask(`file://${join(root, 'films', 'blue.mp4')}`)).choices[0]?.message.content).toMatch(/square/i)
  })

  test.each([
    '/etc/hostname',
    '../blue.mp4',
    ...LINKS,
    pathToFileURL('/etc/hostname').href,
    'http://127.0.0.1/clip.mp4',
    'https://example.org/clip.mp4',
  ])('rejects %s', async (url) => {
    await expect(ask(url)).rejects.toMatchObject({ status: 403, code: 'not-allowed' })
  })

  test('reports a file that is no media', async () => {
    await expect(ask('gone.mp4')).rejects.toMatchObject({ status: 404, code: 'file-missing' })
    await expect(ask(`data:video/mp4;base64,${Buffer.from('Once upon a time '.repeat(99)).toString('base64')}`)).rejects.toMatchObject({
      status: 400,
      code: 'not-media',
    })
  })
})

test("errors have OpenAI's shape: a wrong key, model, body or path", async () => {
  const clientWithWrongKey = new OpenAI({ baseURL: `${run.base}/v1`, apiKey: 'wrong', maxRetries: 0 })
  await expect(clientWithWrongKey.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
  const messages: Message[] = [{ role: 'user', content: 'Hello' }]
  for (const model of ['gone', '../demo', '/etc'])
    await expect(client.chat.completions.create({ model, messages })).rejects.toMatchObject({ status: 404, code: 'model-missing' })
  await expect(client.chat.completions.create({ model: 'demo', messages: [] })).rejects.toMatchObject({ status: 400, param: 'messages' })
  await expect(client.chat.completions.create({ model: 'demo', messages, temperature: 9 })).rejects.toMatchObject({
    status: 400,
    param: 'temperature',
  })
  await expect(client.embeddings.create({ model: 'demo', input: 'x' })).rejects.toMatchObject({ status: 404 })
  const broken = await run.fetch('/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })
  expect([broken.status, await broken.json()]).toMatchObject([400, { error: { code: 'usage' } }])
})

test('closing the connection ends the answer and serves the next request; concurrent answers do not mix', async () => {
  const messages = [about('Describe the video in detail.', { ...video, video_url: { url: clip } })]
  const stop = new AbortController()
  const stream = await client.chat.completions.create({ model: 'demo', messages, stream: true }, { signal: stop.signal })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
  stop.abort()
  await expect.poll(() => run.service.runs.running, { timeout: 60_000 }).toBeNull()

  const kinds = await Promise.all(
    [clip, 'blue.mp4', clip, 'blue.mp4'].map(async (url) => {
      const answer = await client.chat.completions.create({
        model: 'demo',
        messages: [about('Describe the video in detail.', { ...video, video_url: { url } })],
      })
      return /red circle/i.test(answer.choices[0]?.message.content ?? '')
        ? 'red'
        : /blue square/i.test(answer.choices[0]?.message.content ?? '')
          ? 'blue'
          : 'other'
    }),
  )
  expect(kinds).toEqual(['red', 'blue', 'red', 'blue'])
})
