import { afterAll, beforeAll, expect, test } from 'vitest'
import { SpeedStore } from '../../../src/engine/estimate/speeds.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'
import type { Estimate } from '../../../src/shared/estimate.ts'
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

test.each([
  ['memory', 'out-of-memory', ({ memory }: Estimate) => ({ memory: memory.total })],
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
    await run.restart(limitsOf(await estimate(5)))
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
