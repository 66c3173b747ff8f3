import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import OpenAI from 'openai'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MAX_UNUSED_FILES } from '../../../src/serve/openai/upload-folder.ts'
import type { Answer } from '../../../src/shared/engine-events.ts'
import { example } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

let run: RunServer
let client: OpenAI
let clip: string
beforeAll(async () => {
  run = await RunServer.make()
  client = new OpenAI({ baseURL: `${run.base}/v1`, apiKey: run.server.token ?? '', maxRetries: 0 })
  clip = `data:video/mp4;base64,${(await readFile(example('red-circle-right-then-grows.mp4'))).toString('base64')}`
})
afterAll(() => run[Symbol.asyncDispose]())

type Progressed = OpenAI.ChatCompletion & { readonly tarsier: Omit<Answer, 'text'> }
type Message = OpenAI.ChatCompletionMessageParam

const text = (value: string) => ({ type: 'text', text: value })
const video = (url: string) => ({ type: 'video_url', video_url: { url } })
/** OpenAI's types have no videos. */
const user = (...content: readonly object[]) => ({ role: 'user', content }) as unknown as Message

async function picture(width: number, height: number, red: number) {
  const png = await sharp({ create: { width, height, channels: 3, background: { r: red, g: 90, b: 40 } } })
    .png()
    .toBuffer()
  return { type: 'image_url', image_url: { url: `data:image/png;base64,${png.toString('base64')}` } }
}

async function ask(messages: readonly Message[], max_tokens = 24): Promise<Progressed> {
  return (await client.chat.completions.create({ model: 'demo', messages: [...messages], max_tokens })) as Progressed
}

test('several pictures remain separate, each of its own size, also around a video', async () => {
  const content = [await picture(112, 84, 200), text('and'), video(clip), await picture(84, 140, 20), text('What is it?')]
  const { tarsier } = await ask([user(...content)])
  expect(tarsier.clips?.map(({ frames, width, height }) => [frames.length, width, height])).toEqual([
    [1, 112, 84],
    [8, expect.any(Number), expect.any(Number)],
    [1, 84, 140],
  ])
  const again = await ask([user(await picture(84, 140, 20), text('What is it?'))])
  expect(again.tarsier.clips).toBeUndefined()
  expect([again.tarsier.frames.length, again.tarsier.width, again.tarsier.height]).toEqual([1, 84, 140])
})

test('a system message replaces the default one, and consecutive messages stay separate', async () => {
  const prompt = async (...messages: readonly Message[]) => (await ask(messages, 1)).tarsier.tokens.prompt
  const question = user(text('What is it?'))
  const none = await prompt(question)
  // The demo's template adds "You are a helpful assistant." by default.
  expect(await prompt({ role: 'system', content: 'You are a helpful assistant.' }, question)).toBe(none)
  expect(await prompt({ role: 'system', content: '' }, question)).toBeLessThan(none)
  const apart = await prompt(question, question)
  expect(apart).toBeGreaterThan(await prompt(user(text('What is it?'), text('What is it?'))))
})

test('equal requests get equal answers, whatever was asked before, and after a restart', async () => {
  const describeMessage = user(video(clip), text('Describe the video in detail.'))
  const talk = [describeMessage, { role: 'assistant', content: 'A blue square spins. ' } as const, user(text('What color is it?'))]
  const compare = user(await picture(112, 84, 200), text('or'), await picture(84, 84, 20), text('which is red?'))
  const requests: readonly (readonly Message[])[] = [[describeMessage], talk, [compare]]
  const summaryOf = (answer: Progressed) => [answer.choices[0]?.message.content, answer.tarsier.finish, answer.tarsier.tokens.prompt]
  // In another order than later.
  const [second, first, third] = [
    summaryOf(await ask(talk, 12)),
    summaryOf(await ask([describeMessage], 12)),
    summaryOf(await ask([compare], 12)),
  ]
  const wanted = [first, second, third]
  const check = async (i: number, when: string) =>
    expect(summaryOf(await ask(requests[i] ?? [], 12)), `request ${i} ${when}`).toEqual(wanted[i])
  for (const i of [0, 1, 2]) await check(i, 'after others')
  await Promise.all([0, 1, 2, 1].map((i) => check(i, 'beside others')))
  await run.service.engines.unload()
  for (const i of [1, 0]) await check(i, 'after a restart')
  await run.service.engines.unload()
  await rm(join(run.home, 'cache', 'clips'), { recursive: true, force: true })
  await check(1, 'with nothing held')
})

test('serves more pictures than the cache holds at once, and removes them when unused', async () => {
  const uploads = join(run.home, 'cache', 'api')
  const many = await Promise.all(Array.from({ length: MAX_UNUSED_FILES + 8 }, (_, i) => picture(56, 56, i)))
  const small = user(await picture(84, 84, 250), text('What is it?'))
  const pending = ask([user(...many, text('What are they?'))], 4)
  // Any request that ends meanwhile cleans up.
  const others = (async () => {
    for (let i = 0; i < 6; i += 1) await ask([small], 2)
  })()
  const [answer] = await Promise.all([pending, others])
  expect(answer.tarsier.clips).toHaveLength(many.length)
  const again = await ask([user(...many, text('Which is the reddest?'))], 4)
  expect(again.tarsier.clips).toHaveLength(many.length)
  await expect.poll(async () => (await readdir(uploads)).length, { timeout: 30_000 }).toBeLessThanOrEqual(MAX_UNUSED_FILES)
})
