import { readFile } from 'node:fs/promises'
import OpenAI from 'openai'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import type { Answer } from '../../../src/shared/engine-events.ts'
import { example } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

/** The forms in which clients of other servers send clips and request answers. */
const never = new AbortController().signal
let run: RunServer
let client: OpenAI
let base64: string
/** Eight frames of the example as JPEG. */
let pictures: readonly string[]
beforeAll(async () => {
  run = await RunServer.make()
  client = new OpenAI({ baseURL: `${run.base}/v1`, apiKey: run.server.token ?? '', maxRetries: 0 })
  const path = example('red-circle-right-then-grows.mp4')
  base64 = (await readFile(path)).toString('base64')
  await using opened = await openClip(path, never)
  const made: string[] = []
  for await (const { width, height, rgb } of opened.frames(opened.plan({ kind: 'uniform', count: 8 }), never)) {
    const picture = sharp(rgb, { raw: { width, height, channels: 3 } }).jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    made.push((await picture.toBuffer()).toString('base64'))
  }
  pictures = made
})
afterAll(() => run[Symbol.asyncDispose]())

type Completion = OpenAI.ChatCompletion & { readonly tarsier: Omit<Answer, 'text'>; readonly warnings?: string[] }

async function post(
  body: object,
): Promise<{ status: number; json: Completion & { error: { message: string; param: string | null; code: string } } }> {
  const headers = { 'content-type': 'application/json' }
  const response = await run.fetch('/v1/chat/completions', { method: 'POST', headers, body: JSON.stringify({ model: 'demo', ...body }) })
  return {
    status: response.status,
    json: (await response.json()) as Completion & { error: { message: string; param: string; code: string } },
  }
}

const about = (part: object, text = 'Describe the video in detail.') => ({
  messages: [{ role: 'user', content: [part, { type: 'text', text }] }],
})
const video = (url: string) => ({ type: 'video_url', video_url: { url } })
const film = () => about(video(`data:video/mp4;base64,${base64}`))
const textOf = ({ choices }: Completion) => choices[0]?.message.content ?? ''

describe('clips', () => {
  test.each([
    ['a media type with parameters, and a comma in them', () => video(`data:video/mp4;codecs=avc1.42E01E,mp4a.40.2;base64,${base64}`)],
    ['a quoted parameter', () => video(`data:video/mp4;codecs="avc1,mp4a";name=x;base64,${base64}`)],
    ['no media type', () => video(`data:;base64,${base64}`)],
    ['input_video as plain base64', () => ({ type: 'input_video', input_video: { data: base64, format: 'mp4' } })],
    ['input_video as a data address', () => ({ type: 'input_video', input_video: { data: `data:video/mp4;base64,${base64}` } })],
    ['input_video by its address', () => ({ type: 'input_video', input_video: { url: `data:video/mp4;base64,${base64}` } })],
    ['a list of frames', () => video(`data:video/jpeg;base64,${pictures.join(',')}`)],
  ])('%s', async (_, part) => {
    const { json } = await post(about(part()))
    expect(textOf(json)).toMatch(/red circle/i)
    expect(json.tarsier.frames).toHaveLength(8)
  })

  test('accepts num_frames, fps and pixels by either name, and requests for every frame', async () => {
    const frames = async (more: object) => (await post({ ...film(), max_tokens: 2, ...more })).json.tarsier.frames.length
    expect(await frames({ mm_processor_kwargs: { num_frames: 3 } })).toBe(3)
    expect(await frames({ media_io_kwargs: { video: { num_frames: 5 } } })).toBe(5)
    const { json } = await post({
      ...about(video(`data:video/jpeg;base64,${pictures.join(',')}`)),
      max_tokens: 2,
      media_io_kwargs: { video: { num_frames: -1 } },
    })
    expect(json.tarsier.frames.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const sized = async (size: object) =>
      (await post({ ...film(), max_tokens: 2, mm_processor_kwargs: { num_frames: 2, ...size } })).json.tarsier
    const [usual, large] = [await sized({}), await sized({ size: { shortest_edge: 60_000 } })]
    expect(large.width * large.height).toBeGreaterThanOrEqual(usual.width * usual.height)
  })

  test.each([
    [
      'a file that is no clip',
      'not-media',
      400,
      () => [video(`data:video/mp4;base64,${Buffer.from('Once upon a time '.repeat(99)).toString('base64')}`)],
    ],
    ['an invalid frame', undefined, 400, () => [video(`data:video/jpeg;base64,${pictures[0]},AAAA`)]],
    ['invalid base64', 'usage', 400, () => [video('data:video/mp4;base64,***')]],
    ['a path', 'not-allowed', 403, () => [video('/etc/hostname')]],
  ])('%s is rejected with its place in the request and no path', async (_, code, status, parts) => {
    const { status: got, json } = await post({ messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, ...parts()] }] })
    expect([got, json.error.param]).toEqual([status, 'messages.0.content.1'])
    if (code) expect(json.error.code).toBe(code)
    expect(json.error.message).toContain('messages.0.content.1')
    expect(json.error.message).not.toContain(run.home)
  })
})

describe('structured answers', () => {
  const Scene = z.object({ shape: z.enum(['circle', 'square', 'triangle']), color: z.string().max(12), moves: z.boolean() })
  const schema = z.toJSONSchema(Scene)

  test('json_schema, at once and streamed, and json_object', async () => {
    const format = { type: 'json_schema', json_schema: { name: 'scene', schema, strict: true } } as const
    const { json } = await post({ ...film(), response_format: format, max_tokens: 200 })
    expect(json.choices[0]?.finish_reason).toBe('stop')
    Scene.parse(JSON.parse(textOf(json)))
    const messages = film().messages as unknown as OpenAI.ChatCompletionMessageParam[]
    const stream = await client.chat.completions.create({ model: 'demo', messages, response_format: format, stream: true })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe(textOf(json))

    const any = (await post({ ...film(), response_format: { type: 'json_object' }, max_tokens: 60 })).json
    if (any.choices[0]?.finish_reason === 'stop') expect(typeof JSON.parse(textOf(any))).toBe('object')
    else expect(textOf(any)).toMatch(/^\{/)
  })

  test.each([
    ['guided_choice', { guided_choice: ['a red circle', 'a blue square'] }, /^a (red circle|blue square)$/],
    ['guided_regex', { guided_regex: '[A-F]\\)' }, /^[A-F]\)$/],
    ['structured_outputs', { structured_outputs: { json: { type: 'integer', minimum: 3, maximum: 4 } } }, /^[34]$/],
    ["llama.cpp's grammar", { grammar: 'root ::= "yes" | "no"' }, /^(yes|no)$/],
    ["llama.cpp's json_schema", { json_schema: { enum: ['red', 'blue'] } }, /^"(red|blue)"$/],
  ])('%s', async (_, form, wanted) => {
    const { json } = await post({ ...film(), ...form, max_tokens: 30 })
    expect(textOf(json)).toMatch(wanted)
    expect(json.choices[0]?.finish_reason).toBe('stop')
  })

  test('an unrestricted schema changes nothing', async () => {
    const free = textOf((await post(film())).json)
    expect(textOf((await post({ ...film(), guided_regex: '[\\s\\S]*' })).json)).toBe(free)
  })

  test('unsupported schemas are rejected before encoding', async () => {
    for (const [more, param] of [
      [
        { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'nothing' } } } },
        'response_format.json_schema.schema',
      ],
      [{ grammar: 'root ::= nowhere' }, 'grammar'],
      [{ tools: [{}], tool_choice: 'required' }, 'tool_choice'],
    ] as const) {
      const { status, json } = await post({ ...film(), ...more })
      expect([status, json.error.param]).toEqual([400, param])
    }
  })
})

describe('choices and log probabilities', () => {
  test('choices share the prompt, are equal when greedy and differ by seed otherwise', async () => {
    const greedy = (await post({ ...film(), n: 3 })).json
    expect(new Set(greedy.choices.map(({ message }) => message.content)).size).toBe(1)
    expect(greedy.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(greedy.usage?.completion_tokens).toBe(3 * greedy.tarsier.tokens.generated)
    const drawn = async () =>
      (await post({ ...film(), n: 4, temperature: 2, seed: 11, max_tokens: 20 })).json.choices.map(({ message }) => message.content)
    const first = await drawn()
    expect(new Set(first).size).toBeGreaterThan(1)
    expect(await drawn()).toEqual(first)
  })

  test('streamed choices each start and end', async () => {
    const messages = film().messages as unknown as OpenAI.ChatCompletionMessageParam[]
    const stream = await client.chat.completions.create({ model: 'demo', messages, n: 2, stream: true, logprobs: true, top_logprobs: 2 })
    const texts = ['', '']
    const tokens = ['', '']
    const ends: (string | null)[] = []
    for await (const { choices } of stream)
      for (const { index, delta, logprobs, finish_reason } of choices) {
        texts[index] += delta.content ?? ''
        tokens[index] += (logprobs?.content ?? []).map(({ token }) => token).join('')
        if (finish_reason) ends[index] = finish_reason
      }
    expect(ends).toEqual(['stop', 'stop'])
    expect(texts[0]).toBe(texts[1])
    expect(tokens).toEqual(texts)
  })

  test('logprobs have OpenAI’s shape, and are sent only on request', async () => {
    const { json } = await post({ ...film(), logprobs: true, top_logprobs: 3, max_tokens: 5 })
    const content = json.choices[0]?.logprobs?.content ?? []
    expect(content).toHaveLength(5)
    for (const { token, logprob, bytes, top_logprobs } of content) {
      expect(Buffer.from(bytes ?? []).toString()).toBe(token)
      expect(top_logprobs).toHaveLength(3)
      // Greedy: each token is the most likely one.
      expect(top_logprobs[0]).toEqual({ token, logprob, bytes })
      expect(logprob).toBeLessThanOrEqual(0)
    }
    expect((await post({ ...film(), max_tokens: 2 })).json.choices[0]?.logprobs).toBeNull()
  })
})

test('no parameter is silently ignored', async () => {
  const { status, json } = await post({
    ...film(),
    max_tokens: 1_000_000,
    frequency_penalty: 0.4,
    tools: [{ type: 'function', function: { name: 'f' } }],
  })
  expect(status).toBe(200)
  expect(json.warnings?.sort()).toEqual([
    expect.stringContaining('frequency_penalty'),
    expect.stringContaining('max_tokens'),
    expect.stringContaining('tools'),
  ])
  expect((await post({ ...film(), max_tokens: 20, top_k: -1, top_p: 0, seed: -1, stop: [] })).json.warnings).toBeUndefined()
  const body = { model: 'demo', ...film(), user: 'me', stream: true }
  const headers = { 'content-type': 'application/json' }
  const streamed = await (await run.fetch('/v1/chat/completions', { method: 'POST', headers, body: JSON.stringify(body) })).text()
  expect(streamed).toMatch(/"warnings":\["user /)
})

describe('all errors have one shape', () => {
  const shape = { error: { message: expect.any(String) as string, type: expect.any(String) as string, code: expect.any(String) as string } }

  test.each([
    ['no JSON by its type', 415, { headers: { 'content-type': 'text/plain' }, body: '{}' }],
    ['no JSON by its content', 400, { headers: { 'content-type': 'application/json' }, body: '{"a"' }],
    ['no object', 400, { headers: { 'content-type': 'application/json' }, body: 'null' }],
    ['another page', 403, { headers: { 'content-type': 'application/json', origin: 'https://example.org' }, body: '{}' }],
    ['another token', 401, { headers: { 'content-type': 'application/json', authorization: 'Bearer x' }, body: '{}' }],
  ])('%s', async (_, status, init) => {
    const response = await run.fetch('/v1/chat/completions', { method: 'POST', ...init })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject(shape)
  })

  test('a preflight, a foreign host name, an unknown path', async () => {
    const preflight = await run.fetch('/v1/chat/completions', { method: 'OPTIONS', headers: { origin: 'https://example.org' } })
    expect([preflight.status, await preflight.json()]).toMatchObject([403, shape])
    const foreign = await run.raw('/v1/models', { host: 'evil.example', ...run.authorised })
    expect([foreign.status, JSON.parse(foreign.text)]).toMatchObject([421, shape])
    for (const path of ['/v1', '/v1/embeddings']) {
      const notFound = await run.fetch(path)
      expect([notFound.status, await notFound.json()]).toMatchObject([404, shape])
    }
  })

  test('a request that is too large', async () => {
    // Rejected by its announced length, without reading it.
    const size = 400 * 1024 * 1024
    const { status, text } = await run.raw(
      '/v1/chat/completions',
      { ...run.authorised, 'content-type': 'application/json', 'content-length': String(size) },
      { method: 'POST' },
    )
    expect([status, JSON.parse(text)]).toMatchObject([413, shape])
  })

  test('a conversation that is too long', async () => {
    const { status, json } = await post({ messages: [{ role: 'user', content: 'circle '.repeat(20_000) }] })
    expect([status, json.error.code, json.error.param]).toEqual([400, 'context_length_exceeded', 'messages'])
  })
})
