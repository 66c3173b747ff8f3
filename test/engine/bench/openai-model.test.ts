import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ClipSettings } from '../../../src/bench/run/openai-clip.ts'
import { OpenAiModel, type OpenAiModelOptions } from '../../../src/bench/run/openai-model.ts'
import { clipThenText, type Sample } from '../../../src/bench/sample.ts'
import type { RetryPolicy } from '../../../src/engine/models/hub/transient.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { ModelServer, type Reply } from '../../helpers/model-server.ts'
import { ProxyServer } from '../../helpers/proxy-server.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const KEY = 'sk-very-secret-0123456789'
const video = fileURLToPath(new URL('../../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url))
const never = new AbortController().signal
const frames: ClipSettings = { form: 'frames', frames: { kind: 'uniform', count: 3 }, maxPixels: 3000 }

const sample: Sample = {
  key: 'TVBench-1',
  dataset: 'TVBench',
  task: '',
  idx: 1,
  vid: null,
  content: clipThenText(video, 'Which way?'),
  prompt: 'Which way?',
  answerPrefix: '',
  reference: 'A',
  question: null,
  extraInfo: {},
}

beforeEach(() => void vi.stubEnv('OPENAI_API_KEY', KEY))
afterEach(() => void vi.unstubAllEnvs())

/** Sends one sample to a server with the given replies. */
async function answerWith(
  reply: Parameters<typeof ModelServer.start>[0],
  given: Partial<Sample> = {},
  options: Partial<OpenAiModelOptions> = {},
  clip = video,
  retryPolicy?: RetryPolicy,
) {
  const server = await ModelServer.start(reply)
  const model = new OpenAiModel(
    {
      model: 'qwen',
      baseUrls: [server.url],
      clip: { ...frames, form: 'path' },
      answerPrefixForm: 'continue',
      sampling: samplingSchema.parse({ maxTokens: 64 }),
      version: '1.2.3',
      ...options,
    },
    retryPolicy,
  )
  try {
    const result = await model.answer({ ...sample, ...given }, [clip], never).then(
      (answer) => ({ answer, error: null }),
      (error: unknown) => ({ answer: null, error: error as Error & { code: string; cause: unknown } }),
    )
    return { ...result, received: server.received, url: server.url, settings: model.settings }
  } finally {
    await model[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  }
}

const textReply = (text: string) => (): Reply => ({ kind: 'say', text })
const failing =
  (...replies: Reply[]) =>
  (_: unknown, count: number): Reply =>
    replies[count - 1] ?? { kind: 'say', text: 'A' }

describe('clip content of a request', () => {
  it("sends frames from the engine's sampler, limited to the pixel budget, with their times", async () => {
    const { answer, received } = await answerWith(textReply('It moves right.'), {}, { clip: frames })
    const content = received[0]?.body.messages[0]?.content
    const pictures = Array.isArray(content)
      ? content.flatMap((part: { image_url?: { url: string } }) => (part.image_url ? [part.image_url.url] : []))
      : []
    expect(pictures).toHaveLength(3)
    const size = await sharp(Buffer.from(pictures[0]?.split(',')[1] ?? '', 'base64')).metadata()
    expect(size.format).toBe('jpeg')
    expect(size.width * size.height).toBeLessThanOrEqual(3000)
    expect(answer).toMatchObject({
      text: 'It moves right.',
      finish: 'stop',
      used: { engine: 'openai', model: 'qwen', width: size.width, height: size.height },
    })
    expect(answer?.used.frames.map(({ index }) => index)[0]).toBe(0)
    expect(answer?.used.frames).toHaveLength(3)
  })

  it('sends the file itself or its address', async () => {
    const shown = async (form: 'video' | 'path') => {
      const { received, answer } = await answerWith(textReply('A'), {}, { clip: { ...frames, form } })
      expect(answer?.used).toMatchObject({ frames: [], width: null, height: null })
      const content = received[0]?.body.messages[0]?.content
      return Array.isArray(content) ? (content[0] as { video_url?: { url: string } }).video_url?.url : undefined
    }
    expect(await shown('path')).toBe(pathToFileURL(video).href)
    expect(await shown('video')).toBe(`data:video/mp4;base64,${(await readFile(video)).toString('base64')}`)
  })

  it.each([
    ['film.bin', 'media/420.mp4', 'video_url', 'data:video/mp4;base64,'],
    ['webm.mp4', 'media/420-odd.webm', 'video_url', 'data:video/webm;base64,'],
    ['moving.mp4', 'media/0.gif', 'video_url', 'data:image/gif;base64,'],
    ['still.mp4', 'media/420.jpg', 'image_url', 'data:image/jpeg;base64,'],
    ['still', 'media/grey.png', 'image_url', 'data:image/png;base64,'],
  ] as const)('sends a file with the media type of its content, whatever its name: %s', async (name, fixture, kind, begins) => {
    await using scratch = await ScratchFolder.make()
    await copyFile(fileURLToPath(new URL(`../../fixtures/${fixture}`, import.meta.url)), scratch.path(name))
    const { received } = await answerWith(textReply('A'), {}, { clip: { ...frames, form: 'video' } }, scratch.path(name))
    const content = received[0]?.body.messages[0]?.content
    const [part] = Array.isArray(content) ? (content as Record<string, { url: string }>[]) : []
    expect(part?.[kind]?.url.slice(0, begins.length)).toBe(begins)
  })

  it('fails the sample for a file that is no clip and for a folder of pictures', async () => {
    await using scratch = await ScratchFolder.make()
    const shown = (path: string) => answerWith(textReply('A'), {}, { clip: { ...frames, form: 'video' } }, path)
    const text = await shown(await scratch.write('text.mp4', 'no clip'))
    expect({ error: text.error, received: text.received.length }).toMatchObject({ error: { code: 'not-media' }, received: 0 })
    await mkdir(scratch.path('many.frames'))
    expect((await shown(scratch.path('many.frames'))).error).toMatchObject({
      code: 'file-unreadable',
      message: expect.stringContaining('--send frames') as string,
    })
  })

  it('fails the sample for a range of a clip, which a server cannot express', async () => {
    const range = { unit: 'seconds', start: 1 } as const
    const content = clipThenText(video, 'Which way?', { kind: 'range', range })
    const { error, received } = await answerWith(textReply('A'), { content })
    expect(error).toMatchObject({ code: 'invalid-range' })
    expect(received).toHaveLength(0)
  })

  it('fails the sample for a missing clip', async () => {
    const server = await ModelServer.start(textReply('A'))
    for (const form of ['frames', 'video', 'path'] as const) {
      const model = new OpenAiModel({
        model: 'q',
        baseUrls: [server.url],
        clip: { ...frames, form },
        answerPrefixForm: 'omit',
        sampling: samplingSchema.parse({}),
        version: '0',
      })
      await expect(model.answer(sample, ['/nowhere/clip.mp4'], never)).rejects.toMatchObject({ code: 'file-missing' })
      await model[Symbol.asyncDispose]()
    }
    expect(server.received).toHaveLength(0)
    await server[Symbol.asyncDispose]()
  })
})

describe('settings of a request', () => {
  it('sends the sampling settings and continues from the answer prefix, which it removes from the text', async () => {
    const { received, answer } = await answerWith(textReply(' Answer: (B) because'), { answerPrefix: ' Answer: (' })
    expect(received[0]?.body).toMatchObject({
      model: 'qwen',
      max_tokens: 64,
      temperature: 0,
      top_p: 1,
      continue_final_message: true,
      add_generation_prompt: false,
    })
    expect(received[0]?.body.messages[1]).toEqual({ role: 'assistant', content: ' Answer: (' })
    expect(answer?.text).toBe('B) because')
    const omitted = await answerWith(textReply('B'), { answerPrefix: ' Answer: (' }, { answerPrefixForm: 'omit' })
    expect(omitted.received[0]?.body.messages).toHaveLength(1)
    expect(omitted.received[0]?.body).not.toHaveProperty('continue_final_message')
  })

  it('uses max_completion_tokens when the server asks for it', async () => {
    const { received, answer } = await answerWith(
      failing({ kind: 'fail', status: 400, message: "Use 'max_completion_tokens' instead of 'max_tokens'." }),
    )
    expect(answer?.text).toBe('A')
    expect(received[1]?.body).toMatchObject({ max_completion_tokens: 64 })
    expect(received[1]?.body).not.toHaveProperty('max_tokens')
  })
})

describe('proxies', () => {
  it('uses the proxy except for a server on this machine', async () => {
    await using proxy = await ProxyServer.start()
    const server = await ModelServer.start(textReply('A'))
    const { port } = new URL(server.url)
    proxy.hosts.set('gpu.example', `127.0.0.1:${port}`)
    const before = process.env.HTTP_PROXY
    process.env.HTTP_PROXY = proxy.address
    try {
      const far = await answerWith(textReply('never asked'), {}, { baseUrls: ['http://gpu.example/v1'] })
      expect(far.answer?.text).toBe('A')
      expect(proxy.received).toEqual(['http://gpu.example/v1/chat/completions'])
      expect((await answerWith(textReply('B'))).answer?.text).toBe('B')
      expect(proxy.received).toHaveLength(1)
      proxy.rejectStatus = 407
      const barred = await answerWith(textReply('never asked'), {}, { baseUrls: ['http://gpu.example/v1'] })
      expect(barred.error).toMatchObject({
        code: 'model-unavailable',
        message: expect.stringContaining('the proxy (HTTPS_PROXY') as string,
      })
      expect(proxy.received).toHaveLength(2)
    } finally {
      if (before === undefined) delete process.env.HTTP_PROXY
      else process.env.HTTP_PROXY = before
      await server[Symbol.asyncDispose]()
    }
  })
})

describe('server failures', () => {
  it('follows no redirect and sends the key to no other server', async () => {
    const elsewhere = await ModelServer.start(textReply('stolen'))
    const { error } = await answerWith(() => ({ kind: 'fail', status: 307, message: 'over there', headers: { location: elsewhere.url } }))
    expect(error).toMatchObject({ code: 'model-unavailable', message: expect.stringContaining('redirects to another URL (307)') as string })
    expect(elsewhere.received).toHaveLength(0)
    await elsewhere[Symbol.asyncDispose]()
  })

  it('waits as long as retry-after says', async () => {
    const started = Date.now()
    const { answer, received } = await answerWith(
      failing({ kind: 'fail', status: 429, message: 'slow down', headers: { 'retry-after': '1' } }),
    )
    expect(answer?.text).toBe('A')
    expect(received).toHaveLength(2)
    expect(Date.now() - started).toBeGreaterThanOrEqual(1000)
  })

  it('retries after status 500 and after a cut connection', async () => {
    const { answer, received } = await answerWith(failing({ kind: 'fail', status: 500, message: 'oops' }, { kind: 'cut' }))
    expect(answer?.text).toBe('A')
    expect(received).toHaveLength(3)
  })

  it("fails the sample with the server's message when the request is refused", async () => {
    const { error, received } = await answerWith(() => ({ kind: 'fail', status: 400, message: 'too many pictures' }))
    expect(error).toMatchObject({ code: 'model-failed', message: expect.stringContaining('too many pictures') as string })
    expect(received).toHaveLength(1)
  })

  it.each([
    ['{"detail":"Model is loading"}', 'Model is loading'],
    [
      '{"detail":[{"type":"missing","loc":["body","messages",0,"content"],"msg":"Field required"}]}',
      'body.messages.0.content: Field required',
    ],
    ['{"object":"error","message":"max_tokens is too large","code":400}', 'max_tokens is too large'],
    ['{"error":"model is busy elsewhere"}', 'model is busy elsewhere'],
    ['{"title":"Bad Request","status":400}', 'Bad Request'],
    ['{"code":17}', '{"code":17}'],
    ['Bad gateway, says the proxy', 'Bad gateway, says the proxy'],
  ])('reads the message of a non-OpenAI error body: %s', async (body, expectedMessage) => {
    const { error } = await answerWith(() => ({ kind: 'raw', status: 400, body }))
    expect(error).toMatchObject({ code: 'model-failed', message: expect.stringContaining(expectedMessage) as string })
  })

  it.each([
    '{"detail":[{"type":"extra_forbidden","loc":["body","continue_final_message"],"msg":"Extra inputs are not permitted"}]}',
    '{"error":{"message":"Unrecognized request argument supplied: continue_final_message"}}',
    '{"error":{"message":"Unknown parameter","param":"add_generation_prompt"}}',
    '{"message":"Expected last role User or Tool for serving but got assistant"}',
  ])('tells how to omit the answer prefix when the server rejects it: %s', async (body) => {
    const reply = (): Reply => ({ kind: 'raw', status: 400, body })
    expect((await answerWith(reply, { answerPrefix: 'Best option:(' })).error?.message).toContain('--begun omit')
    expect((await answerWith(reply)).error?.message).not.toContain('--begun')
    expect((await answerWith(reply, { answerPrefix: 'Best option:(' }, { answerPrefixForm: 'omit' })).error?.message).not.toContain(
      '--begun',
    )
  })

  it.each([
    [401, 'not-allowed'],
    [404, 'model-missing'],
  ])('ends the run at status %i', async (status, code) => {
    expect((await answerWith(() => ({ kind: 'fail', status, message: 'no' }))).error).toMatchObject({ code })
  })

  it('reports an unreachable server as model-unavailable', async () => {
    const stopped = await ModelServer.start(textReply('A'))
    const { url } = stopped
    await stopped[Symbol.asyncDispose]()
    const { error } = await answerWith(textReply('A'), {}, { baseUrls: [url] }, video, { attempts: 3, backoff: 10, stall: 1000 })
    expect(error).toMatchObject({ code: 'model-unavailable', message: expect.stringContaining('ECONNREFUSED') as string })
  })

  it('fails the sample when the reply is not a completion', async () => {
    for (const body of ['{}', '[]', '{"choices":[]}', '{"choices":[{"message":{"content":null}}]}', 'null'])
      expect((await answerWith(() => ({ kind: 'raw', body }))).error).toMatchObject({ code: 'model-failed' })
  })

  it('keeps the key out of error messages', async () => {
    const { error, received } = await answerWith(() => ({ kind: 'fail', status: 401, message: `Incorrect API key provided: ${KEY}.` }))
    expect(received[0]?.key).toBe(`Bearer ${KEY}`)
    expect(`${error?.message} ${JSON.stringify(error)} ${String(error?.cause)}`).not.toContain(KEY)
  })

  it('keeps credentials of the base URL out of the settings', async () => {
    const { settings, answer } = await answerWith(textReply('A'))
    expect(JSON.stringify(settings)).not.toContain('127.0.0.1')
    expect(answer?.used.device).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
    const model = new OpenAiModel({
      model: 'q',
      baseUrls: ['http://me:pass@127.0.0.1:9/v1?token=abc'],
      clip: frames,
      answerPrefixForm: 'omit',
      sampling: samplingSchema.parse({}),
      version: '0',
    })
    expect(JSON.stringify(model.settings)).not.toMatch(/pass|abc/)
  })
})
