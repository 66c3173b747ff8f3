import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TurnRequest } from '../../../src/engine/engine-client.ts'
import { towerForm } from '../../../src/engine/families/families.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { ClipPreparer } from '../../../src/servers/clip-preparer.ts'
import { RemoteEngine, type RemoteEngineOptions } from '../../../src/servers/remote-engine.ts'
import type { Answer, EngineEvent } from '../../../src/shared/engine-events.ts'
import { MANIFEST_FILE } from '../../../src/shared/model-manifest.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { DemoServers } from '../../helpers/demo-servers.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import type { VllmOptions } from '../../helpers/vllm-server.ts'

const KEY = 'sk-very-secret-0123456789'
const resource = (path: string) => fileURLToPath(new URL(`../../../resources/${path}`, import.meta.url))
const CLIP = resource('examples/red-circle-right-then-grows.mp4')
const DEMO = resource('models/demo')
const manifest = await readManifest(DEMO)
const never = new AbortController().signal
const quick = { attempts: 4, backoff: 5, stall: 10_000, longestWait: 60_000 }
/** Requests that examine a server, in the first form. */
const PROBES = 2

/** Starting their processes takes seconds. */
const servers = await DemoServers.open()
const preparer = new ClipPreparer(DEMO, manifest)
afterAll(async () => {
  await servers[Symbol.asyncDispose]()
  await preparer[Symbol.asyncDispose]()
})
const startServer = (options: Partial<VllmOptions> = {}) => servers.start(options)

beforeEach(() => void vi.stubEnv('OPENAI_API_KEY', KEY))
afterEach(() => void vi.unstubAllEnvs())

const engineWith = (used: readonly { readonly url: string }[], options: Partial<RemoteEngineOptions> = {}) =>
  new RemoteEngine({ model: 'demo', home: '/nowhere', baseUrls: used.map(({ url }) => url), preparer, ...options }, quick)

const ask = (text = 'What happens?', count = 3, path = CLIP): Extract<TurnRequest, { kind: 'ask' }> => ({
  kind: 'ask',
  text,
  clip: { path, frames: { kind: 'uniform', count } },
  sampling: samplingSchema.parse({ maxTokens: 16 }),
})

async function answered(engine: RemoteEngine, turn: TurnRequest, signal = never): Promise<Answer> {
  let last: EngineEvent | undefined
  for await (const event of engine.answer('', turn, signal)) last = event
  if (last?.kind !== 'done') throw new Error('no answer')
  return last.answer
}

describe('a request', () => {
  it("contains the engine's frames, pixel by pixel, each as often as a patch has frames", async () => {
    await using server = await startServer()
    await using engine = engineWith([server])
    const answer = await answered(engine, ask())
    const form = towerForm(manifest)
    const expected: { width: number; height: number; rgb: Buffer }[] = []
    await using clip = await openClip(CLIP, never)
    const plan = clip.plan({ kind: 'uniform', count: 3 }, manifest.sampler)
    for await (const frame of clip.frames(plan, never)) {
      const { width, height, rgb } = form.prepare(frame, { frameCount: 3 })
      const one = { width, height, rgb: Buffer.from(rgb) }
      expected.push(one, one)
    }
    const { clips, body, key, promptTokens } = server.seen.at(-1) ?? { clips: [], body: null, key: '', promptTokens: 0 }
    expect(clips).toEqual([expected])
    expect(body).toMatchObject({
      media_io_kwargs: { video: { num_frames: -1 } },
      mm_processor_kwargs: { do_resize: false },
      max_tokens: 16,
      temperature: 0,
    })
    expect(key).toBe(`Bearer ${KEY}`)
    expect(answer).toMatchObject({
      text: '6 pictures: What happens?',
      finish: 'end',
      width: expected[0]?.width,
      height: expected[0]?.height,
      frames: plan.indices.map((index) => ({ index })),
      device: { vision: server.url, language: server.url },
    })
    expect(answer.tokens.visual + answer.tokens.prompt).toBe(promptTokens)
    expect(answer.tokens.generated).toBe(5)
  })

  it('has all frames of a long clip, an image as one frame, and the prompt of a description', async () => {
    await using server = await startServer()
    await using engine = engineWith([server])
    expect((await answered(engine, ask('All?', 40))).text).toBe('80 pictures: All?')
    const picture = fileURLToPath(new URL('../../fixtures/media/420.jpg', import.meta.url))
    const { text: _, ...image } = ask('', 3, picture)
    expect((await answered(engine, image)).text).toBe(`2 pictures: ${manifest.prompt.describe}`)
  })

  it('has the system prompt and the beginning of the answer', async () => {
    await using server = await startServer()
    await using engine = engineWith([server])
    await answered(engine, { ...ask(), system: 'Be brief.', answerPrefix: 'It is' })
    expect(server.seen.at(-1)?.body).toMatchObject({
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user' }, { role: 'assistant', content: 'It is' }],
      continue_final_message: true,
      add_generation_prompt: false,
    })
  })

  it('is refused before it is sent for a turn of a conversation, and if it does not fit the model', async () => {
    await using server = await startServer()
    await using engine = engineWith([server])
    await engine.load(never)
    const { length } = server.seen
    await expect(answered(engine, { kind: 'continue', sampling: samplingSchema.parse({}) })).rejects.toMatchObject({ code: 'usage' })
    await expect(answered(engine, ask('word '.repeat(5000)))).rejects.toMatchObject({ code: 'context-full' })
    expect(server.seen).toHaveLength(length)
  })

  it('is refused with more frames than the manifest allows', async () => {
    const model = await mkdtemp(join(tmpdir(), 'tarsier-four-frames-'))
    try {
      await cp(DEMO, model, { recursive: true })
      await writeFile(
        join(model, MANIFEST_FILE),
        JSON.stringify({ ...manifest, sampler: { ...manifest.sampler, frames: 4, maxFrames: 4 } }),
      )
      await using server = await startServer()
      await using engine = engineWith([server], { model, serverModel: 'demo' })
      await expect(answered(engine, ask('What is there?', 5))).rejects.toMatchObject({
        code: 'too-many-frames',
        message: 'The model takes at most 4 frames of a clip, and 5 were requested. Use 4 frames.',
      })
    } finally {
      await rm(model, { recursive: true, force: true })
    }
  })
})

describe('examining a server', () => {
  it('uses the settings that a server was started with if it takes none from requests', async () => {
    await using server = await startServer({ trusts: false, numFrames: -1, resizes: false })
    await using engine = engineWith([server])
    expect((await answered(engine, ask())).text).toBe('6 pictures: What happens?')
    expect(server.seen.at(-1)?.body).not.toHaveProperty('media_io_kwargs')
  })

  it.each([
    ['leaves out frames', { trusts: false }, /--trust-request-mm-kwargs/],
    ['has other tokens', { misbehave: () => ({ kind: 'tokens', more: 7 }) as const }, /counts \d+ tokens where demo has \d+/],
    ['does not count tokens', { misbehave: () => ({ kind: 'no-usage' }) as const }, /usage\.prompt_tokens/],
  ])('refuses a server that %s', async (_, options: Partial<VllmOptions>, message) => {
    await using server = await startServer(options)
    await using engine = engineWith([server])
    await expect(engine.load(never)).rejects.toMatchObject({ code: 'model-mismatch', message: expect.stringMatching(message) as string })
  })

  it('names the difference', async () => {
    await using server = await startServer({ misbehave: () => ({ kind: 'tokens', more: 7 }) })
    await using engine = engineWith([server])
    const error = await engine.load(never).catch((reason: unknown) => reason as { details: { expected: number; found: number } })
    expect(error).toMatchObject({ details: { server: server.url, frames: 40 } })
    if ('details' in error) expect(error.details.found - error.details.expected).toBe(7)
  })

  it('fails for a server that breaks at every form of a clip, as one for pictures alone does', async () => {
    await using server = await startServer({ misbehave: () => ({ kind: 'status', status: 500, message: 'Format not recognised' }) })
    await using engine = engineWith([server])
    await expect(engine.load(never)).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringMatching(/does not accept a clip as demo needs it: .*Format not recognised/),
    })
  })

  it('fails for a model that the server does not have, an address that is no server, and without any address', async () => {
    await using server = await startServer()
    await using other = engineWith([server], { serverModel: 'big' })
    await expect(other.load(never)).rejects.toMatchObject({ code: 'model-missing' })
    await using dead = engineWith([{ url: 'http://127.0.0.1:9/v1' }])
    await expect(dead.load(never)).rejects.toMatchObject({ code: 'model-unavailable' })
    expect(() => engineWith([])).toThrow(expect.objectContaining({ code: 'usage' }) as Error)
    expect(() => engineWith([server, server])).toThrow(expect.objectContaining({ code: 'usage' }) as Error)
  })

  it('is not asked for a model whose prompt tells the times of frames', async () => {
    await using scratch = await ScratchFolder.make()
    const options = { name: 'timed', home: scratch.directory, language: 'f32', vision: 'f32', signal: never } as const
    await importCheckpoint(fileURLToPath(new URL('../../fixtures/qwen3-vl/checkpoints/tied-heads-of-16', import.meta.url)), options)
    await using server = await startServer()
    await using engine = engineWith([server], { model: 'timed', home: scratch.directory, preparer: undefined })
    await expect(engine.load(never)).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(/for timed: its prompts contain the times of frames/) as string,
    })
    expect(server.seen).toEqual([])
  })

  it('fails an answer whose number of tokens differs later', async () => {
    await using server = await startServer({ misbehave: (nth) => (nth < PROBES ? null : { kind: 'tokens', more: -2 }) })
    await using engine = engineWith([server])
    await engine.load(never)
    await expect(answered(engine, ask())).rejects.toMatchObject({ code: 'model-mismatch' })
  })
})

describe('several servers', () => {
  const questions = Array.from({ length: 16 }, (_, i) => `Question ${i}?`)
  const askAll = (engine: RemoteEngine) => Promise.all(questions.map((text) => answered(engine, ask(text, 1))))
  const expected = questions.map((text) => `2 pictures: ${text}`)

  it('share the questions, within the limit of each', async () => {
    const slow = () => ({ kind: 'slow', until: new Promise<void>((resolve) => setTimeout(resolve, 20)) }) as const
    await using first = await startServer({ misbehave: slow })
    await using second = await startServer({ misbehave: slow })
    await using engine = engineWith([first, second], { perServer: 2 })
    expect((await askAll(engine)).map(({ text }) => text)).toEqual(expected)
    for (const server of [first, second]) {
      expect(server.seen.length).toBeGreaterThan(PROBES + 2)
      expect(server.busiest).toBe(2)
    }
  })

  it('lose nothing when they are overloaded, cut connections and answers', async () => {
    const faults: VllmOptions['misbehave'] = (nth) =>
      nth < PROBES
        ? null
        : nth % 5 === 0
          ? { kind: 'status', status: 429, headers: { 'retry-after': '0' } }
          : nth % 7 === 0
            ? { kind: 'status', status: 503 }
            : nth % 11 === 0
              ? { kind: 'cut' }
              : nth % 13 === 0
                ? { kind: 'half' }
                : null
    await using first = await startServer({ misbehave: faults })
    await using second = await startServer({ misbehave: faults })
    await using engine = engineWith([first, second], { perServer: 2 })
    expect((await askAll(engine)).map(({ text }) => text)).toEqual(expected)
  })

  it('go on without one that dies, and with it when it is back, after it was examined again', async () => {
    await using first = await startServer()
    const second = await startServer()
    const { port } = second
    await using engine = engineWith([first, second], { perServer: 2 })
    await engine.load(never)
    await second[Symbol.asyncDispose]()
    expect((await askAll(engine)).map(({ text }) => text)).toEqual(expected)
    await using back = await startServer({ port })
    const askUntilBack = async () => {
      await askAll(engine)
      return back.seen.length
    }
    await expect.poll(askUntilBack, { timeout: 20_000 }).toBeGreaterThan(PROBES)
  })

  it('fail with what to do when all are dead, and answer again later', async () => {
    const server = await startServer()
    const { port } = server
    await using engine = engineWith([server])
    await engine.load(never)
    await server[Symbol.asyncDispose]()
    await expect(answered(engine, ask())).rejects.toMatchObject({
      code: 'model-unavailable',
      message: expect.stringContaining('Start the server') as string,
    })
    await using _back = await startServer({ port })
    expect((await answered(engine, ask())).text).toBe('6 pictures: What happens?')
  })

  it('start with the ones that can be reached, and say which cannot', async () => {
    const notices: string[] = []
    await using server = await startServer()
    await using engine = engineWith([{ url: 'http://127.0.0.1:9/v1' }, server], { onNotice: (text) => notices.push(text) })
    await engine.load(never)
    expect(notices).toEqual([expect.stringContaining('http://127.0.0.1:9/v1 cannot be reached') as string])
    expect((await answered(engine, ask())).text).toBe('6 pictures: What happens?')
  })
})

it.each(['{}', 'not JSON', '{"choices":[]}', 'null'])(
  'fails the question, not the run, for a reply that is no completion: %s',
  async (body) => {
    await using server = await startServer({ misbehave: (nth) => (nth === PROBES ? { kind: 'garbage', body } : null) })
    await using engine = engineWith([server])
    await engine.load(never)
    await expect(answered(engine, ask())).rejects.toMatchObject({ code: 'model-failed' })
    expect((await answered(engine, ask())).text).toBe('6 pictures: What happens?')
  },
)

it('an abort ends the request on the server, and is no error', async () => {
  await using server = await startServer({ misbehave: (nth) => (nth < PROBES ? null : { kind: 'slow', until: new Promise(() => {}) }) })
  await using engine = engineWith([server])
  await engine.load(never)
  const controller = new AbortController()
  const waiting = answered(engine, ask(), controller.signal)
  await expect.poll(() => server.busy, { timeout: 20_000 }).toBe(1)
  controller.abort()
  await expect(waiting).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error)
  await expect.poll(() => server.seen.at(-1)?.aborted).toBe(true)
})

it('keeps the key out of errors', async () => {
  await using server = await startServer({ misbehave: () => ({ kind: 'status', status: 401, message: `Incorrect API key: ${KEY}` }) })
  await using engine = engineWith([server])
  const error = await engine.load(never).catch((reason: unknown) => reason as Error)
  expect(error).toMatchObject({ code: 'not-allowed' })
  if (error instanceof Error) expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(KEY)
})
