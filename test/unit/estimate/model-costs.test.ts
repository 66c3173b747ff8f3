import { expect, it } from 'vitest'
import { readModelCosts } from '../../../src/engine/estimate/model-costs.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'

it('follows the limits of each manifest, also of two models with the same weights', async () => {
  const directory = await resolveModel(DEMO_MODEL, '')
  const manifest = await readManifest(directory)
  const withFrames = (maxFrames: number) => ({ ...manifest, sampler: { ...manifest.sampler, maxFrames } })
  const costs = [await readModelCosts(directory, withFrames(8)), await readModelCosts(directory, withFrames(16))]
  expect(costs.map(({ maxFrames }) => maxFrames)).toEqual([8, 16])
})
