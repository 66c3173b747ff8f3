import { afterAll, beforeAll, expect, test } from 'vitest'
import { SpeedBook } from '../../../src/engine/estimate/speeds.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'
import { RunService } from './run-service.ts'

let run: RunService
beforeAll(async () => {
  run = await RunService.make()
})
afterAll(() => run[Symbol.asyncDispose]())

test('the page is told the seconds that the engine has learned, whoever asked for the answer that taught them', async () => {
  const { handle } = await run.page.clips.openExample({ name: 'blue-square-spins.mp4' })
  const settings = { frames: { kind: 'uniform' as const, count: 4 }, sampling: { maxTokens: 11 } }
  expect(await run.page.estimate.cost({ handle, settings })).toMatchObject({ secondsToFirstToken: null, seconds: null })

  const manifest = await readManifest(await resolveModel(DEMO_MODEL, run.home))
  await new SpeedBook(run.home).learn(manifest, 'auto', { patch: 10, prefilled: 5, generated: 20 })
  const cost = await run.page.estimate.cost({ handle, settings })
  const patches = (4 * cost.width * cost.height) / manifest.vision.patchSize ** 2
  const text = cost.context - cost.visualTokens - 11
  expect(cost.secondsToFirstToken).toBeCloseTo((10 * patches + 5 * (cost.visualTokens + text) + 20) / 1000)
  expect((cost.seconds ?? 0) - (cost.secondsToFirstToken ?? 0)).toBeCloseTo(0.2)

  await new SpeedBook(run.home).learn(manifest, 'auto', {}, { codec: 'h264', megapixel: 40 })
  const counted = await run.page.estimate.cost({ handle, settings })
  expect(counted.secondsToFirstToken).toBeGreaterThan(cost.secondsToFirstToken ?? 0)
  const other = await run.page.estimate.cost({ handle, settings: { ...settings, device: 'cpu' } })
  expect(other.seconds).toBeNull()
})
