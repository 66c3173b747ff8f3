import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clipCacheFolder } from '../../../src/engine/conversation/disk-cache.ts'
import { towerMemory } from '../../../src/engine/estimate/memory-needed.ts'
import { SpeedStore } from '../../../src/engine/estimate/speeds.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'
import type { Estimate } from '../../../src/shared/estimate.ts'
import type { ModelManifest } from '../../../src/shared/model-manifest.ts'
import { finishedTurn, RunService } from './run-service.ts'

let run: RunService
beforeAll(async () => {
  run = await RunService.make()
})
afterAll(() => run[Symbol.asyncDispose]())

test("the page gets the measured seconds of all clients' answers", async () => {
  const { handle } = await run.page.clips.openExample({ name: 'blue-square-spins.mp4' })
  const settings = { frames: { kind: 'uniform' as const, count: 4 }, sampling: { maxTokens: 11 } }
  expect(await run.page.estimate.cost({ handle, settings })).toMatchObject({ seconds: null })

  const manifest = await readManifest(await resolveModel(DEMO_MODEL, run.home))
  await new SpeedStore(run.home).record(manifest, 'auto', { patch: 10, prefilled: 5, generated: 20, load: 3000, start: 100 })
  const cost = await run.page.estimate.cost({ handle, settings })
  const patches = (4 * cost.width * cost.height) / manifest.vision.patchSize ** 2
  // The model is not in memory. The codec was not measured, and a typical speed is assumed.
  expect(cost.seconds).toMatchObject({ other: 3.1, decode: expect.any(Number) })
  const worked = (10 * patches + 5 * (cost.tokens.visual + cost.tokens.prompt) + 20) / 1000
  expect(cost.seconds?.firstToken).toBeCloseTo(3.1 + (cost.seconds?.decode ?? 0) + worked)
  expect((cost.seconds?.all ?? 0) - (cost.seconds?.firstToken ?? 0)).toBeCloseTo(0.2)

  await new SpeedStore(run.home).record(manifest, 'auto', {}, { codec: 'h264', megapixel: 40 })
  const counted = await run.page.estimate.cost({ handle, settings })
  expect(counted.seconds?.firstToken).toBeGreaterThan(cost.seconds?.firstToken ?? 0)
  const other = await run.page.estimate.cost({ handle, settings: { ...settings, device: 'cpu' } })
  expect(other.seconds).toBeNull()
})

/** Bytes that are saved because the weights of the tower stay in their file where memory is short. */
const savedIn = ({ vision }: ModelManifest) =>
  towerMemory(vision.bytes, vision.precision) - towerMemory(vision.bytes, vision.precision, 'file')

test.each([
  ['memory', 'out-of-memory', ({ memory }: Estimate, model: ModelManifest) => ({ memory: memory.total - savedIn(model) })],
  ['the context', 'context-full', ({ tokens }: Estimate) => ({ context: tokens.visual + tokens.prompt + 16 })],
] as const)(
  'with little memory in %s the page reports how many frames fit, and the reason, as the engine does',
  async (_, code, limitsOf) => {
    const settings = (count: number) => ({
      frames: { kind: 'uniform' as const, count },
      device: 'cpu' as const,
      sampling: { maxTokens: 16 },
    })
    const text = 'What is there?'
    const { handle } = await run.page.clips.openExample({ name: 'blue-square-spins.mp4' })
    const estimate = (count: number) => run.page.estimate.cost({ handle, text, settings: settings(count) })
    const ask = async (count: number) => {
      const { id: chat } = await run.page.chats.create({ handle })
      return finishedTurn(run.page.chats.ask({ chat, text, settings: settings(count) }))
    }

    await run.restart()
    const manifest = await readManifest(await resolveModel(DEMO_MODEL, run.home))
    await run.restart(limitsOf(await estimate(5), manifest))
    // Text is counted by its length, conservatively, until the model is loaded.
    expect((await estimate(1)).maxFrames).toBe(5)
    expect((await ask(1)).turn.state).toBe('done')
    const { maxFrames } = await estimate(1)
    expect(maxFrames).toBeGreaterThanOrEqual(5)
    expect(maxFrames).toBeLessThan(10)
    expect((await estimate(maxFrames)).problem).toBeNull()
    expect((await ask(maxFrames)).turn.answer?.frames).toHaveLength(maxFrames)
    const { problem } = await estimate(maxFrames + 1)
    expect(problem).toMatchObject({ code, details: { frames: expect.any(Number) } })
    await expect(ask(maxFrames + 1)).rejects.toMatchObject({ data: problem })
  },
)

test('a conversation that is opened again costs only what is not stored on disk, and its answer agrees', async () => {
  await run.restart()
  await rm(clipCacheFolder(run.home), { recursive: true, force: true })
  const { handle } = await run.page.clips.openExample({ name: 'blue-square-spins.mp4' })
  await expect.poll(() => run.service.library.clips.get(handle).hash, { timeout: 30_000 }).not.toBeNull()
  const { id: chat } = await run.page.chats.create({ handle })
  const settings = { frames: { kind: 'uniform' as const, count: 6 }, sampling: { maxTokens: 8 } }
  const text = 'What moves?'
  // Opening the tower is measured only if the model is in memory before a question, and this test never answers on the CPU alone.
  const manifest = await readManifest(await resolveModel(DEMO_MODEL, run.home))
  const speeds = { patch: 10, prefilled: 5, generated: 20, load: 3000, start: 100 }
  for (const device of ['auto', 'cpu'] as const) await new SpeedStore(run.home).record(manifest, device, speeds)
  const ask = async (asked: string, more = {}) =>
    (await finishedTurn(run.page.chats.ask({ chat: asked, text, settings: { ...settings, ...more } }))).turn.answer
  const costOf = async (more = {}) => {
    const { seconds, tokens } = await run.page.estimate.cost({ handle, chat, text, settings: { ...settings, ...more } })
    if (seconds === null) throw new Error('the speeds are known after an answer')
    return { ...seconds, tokens }
  }
  // Other frames were never computed; their cost tells the milliseconds of a token.
  const expectRestored = async () => {
    const [cost, whole] = [await costOf(), await costOf({ frames: { kind: 'uniform', count: 7 } })]
    expect(whole.encode).toBeGreaterThan(0)
    expect(cost).toMatchObject({ decode: 0, encode: 0 })
    expect(cost.prefill / cost.tokens.prompt).toBeCloseTo(whole.prefill / (whole.tokens.visual + whole.tokens.prompt))
    expect(cost.other).toBeLessThan(whole.other)
    return cost
  }
  expect(await ask(chat)).toMatchObject({ cached: 'nothing' })

  await run.restart()
  const unloaded = await expectRestored()
  expect((await costOf({ device: 'cpu' })).encode).toBeGreaterThan(0)
  // The model is in memory, the conversation is not.
  await ask((await run.page.chats.create({ handle })).id)
  const loaded = await expectRestored()
  expect(loaded.other).toBeLessThan(unloaded.other)
  expect(await ask(chat)).toMatchObject({ cached: 'state', timings: { decode: 0, encode: 0 } })

  const system = 'Answer in one word.'
  const other = await costOf({ system })
  expect(other).toMatchObject({ decode: 0, encode: 0 })
  expect(other.prefill).toBeGreaterThan(loaded.prefill)
  expect(await ask(chat, { system })).toMatchObject({ cached: 'embeddings', timings: { decode: 0, encode: 0 } })

  await run.restart()
  expect((await costOf()).encode).toBe(0)
  await run.page.settings.set({ cache: false })
  expect((await costOf()).encode).toBeGreaterThan(0)
  await run.page.settings.set({ cache: true })
  await rm(clipCacheFolder(run.home), { recursive: true })
  expect((await costOf()).encode).toBeGreaterThan(0)
})
