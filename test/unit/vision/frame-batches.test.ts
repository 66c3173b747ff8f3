import { expect, test } from 'vitest'
import type { Frame } from '../../../src/engine/media/types.ts'
import { FrameBatches, type PreparedSlice } from '../../../src/engine/vision/frame-batches.ts'

function source(sizes: readonly (readonly [width: number, height: number])[]) {
  const seen = { asked: 0, ended: false }
  async function* frames(): AsyncGenerator<Frame> {
    try {
      for (const [index, [width, height]] of sizes.entries()) {
        seen.asked++
        yield { index, time: index / 2, width, height, rgb: new Uint8Array(width * height * 3) }
      }
    } finally {
      seen.ended = true
    }
  }
  return { seen, frames: frames() }
}
const indices = (batch: readonly PreparedSlice[]) => batch.flatMap(({ frames }) => frames.map(({ index }) => index))
const alone = (maxPixels: number) => ({ framesPerSlice: 1, maxPixels })

test('batches frames of one size up to the limit; another size starts a new batch', async () => {
  const { frames } = source([[2, 2], [2, 2], [2, 2], [2, 1], [2, 2], [9, 9], [2, 2]]) // biome-ignore format: a list of sizes
  await using batches = new FrameBatches(frames, (frame) => frame, alone(9))
  const got: number[][] = []
  for (let batch = await batches.next(); batch.length > 0; batch = await batches.next()) got.push(indices(batch))
  expect(got).toEqual([[0, 1], [2], [3], [4], [5], [6]])
})

test('requests no frame beyond the batch, and closes its source when left early', async () => {
  const { frames, seen } = source([[2, 2], [2, 2], [2, 2], [2, 2]]) // biome-ignore format: a list of sizes
  {
    await using batches = new FrameBatches(frames, (frame) => frame, alone(8))
    expect(indices(await batches.next())).toEqual([0, 1])
    expect(seen).toEqual({ asked: 2, ended: false })
  }
  expect(seen).toEqual({ asked: 2, ended: true })
})

test('a failing source rejects the caller, without an unhandled rejection', async () => {
  async function* broken(): AsyncGenerator<Frame> {
    yield { index: 0, time: 0, width: 2, height: 2, rgb: new Uint8Array(12) }
    throw new Error('cannot be decoded')
  }
  await using batches = new FrameBatches(broken(), (frame) => frame, alone(4))
  expect(indices(await batches.next())).toEqual([0])
  await expect(batches.next()).rejects.toThrow('cannot be decoded')
})

test('slices have frames of one size; where too few follow, the last one is repeated', async () => {
  const { frames } = source([[2, 2], [2, 2], [2, 2], [2, 1], [2, 1], [2, 1]]) // biome-ignore format: a list of sizes
  await using batches = new FrameBatches(frames, (frame) => frame, { framesPerSlice: 2, maxPixels: 8 })
  const got: { frames: number[]; pictures: number }[][] = []
  for (let batch = await batches.next(); batch.length > 0; batch = await batches.next())
    got.push(batch.map((slice) => ({ frames: indices([slice]), pictures: new Set(slice.pictures).size })))
  expect(got).toEqual([
    [
      { frames: [0, 1], pictures: 2 },
      { frames: [2], pictures: 1 },
    ],
    [
      { frames: [3, 4], pictures: 2 },
      { frames: [5], pictures: 1 },
    ],
  ])
})
