import { expect, test } from 'vitest'
import { type FrameSizeOptions, frameSizes } from '../../../../src/engine/families/qwen2-vl/frame-size.ts'

const tarsier2: Omit<FrameSizeOptions, 'frameCount'> = {
  preprocessing: { minPixels: 3136, maxPixels: 12845056, frameMaxPixels: 460800, clipMaxPixels: 128 * 384 * 384 },
  vision: { patchSize: 14, mergeSize: 2, temporalPatchSize: 2 },
}

test('16 frames have the full budget of a frame, 588 tokens at most', () => {
  const [budgeted, final] = frameSizes(1920, 1080, { ...tarsier2, frameCount: 16 })
  expect(budgeted).toEqual({ width: 905, height: 509 })
  expect(final).toEqual({ width: 896, height: 504, grid: [18, 32] })
})

test('a frame counts twice in the budget of the clip, which is smaller from 21 frames on', () => {
  // 128*384*384 / (2*20) = 471859 pixels, / (2*21) = 449389.
  expect(frameSizes(1920, 1080, { ...tarsier2, frameCount: 20 })[0]).toEqual({ width: 905, height: 509 })
  expect(frameSizes(1920, 1080, { ...tarsier2, frameCount: 21 })[0]).toEqual({ width: 893, height: 502 })
  expect(frameSizes(1920, 1080, { ...tarsier2, frameCount: 256 })[1].grid).toEqual([5, 9])
})

test('the first resize does not enlarge frames below the budget', () => {
  expect(frameSizes(320, 240, { ...tarsier2, frameCount: 1 })).toEqual([
    { width: 320, height: 240 },
    { width: 308, height: 252, grid: [9, 11] },
  ])
})

test.each([1, 783, 784, 10_000, 100_352, 300_000])(
  "a user's limit of %i pixels applies to the final picture, down to one token",
  (maxPixels) => {
    for (const [width, height] of [
      [1920, 1080],
      [28, 28],
      [300, 301],
    ] as const) {
      const [, size] = frameSizes(width, height, {
        ...tarsier2,
        preprocessing: { ...tarsier2.preprocessing, minPixels: 0 },
        frameCount: 16,
        maxPixels,
      })
      expect(size.width * size.height).toBeLessThanOrEqual(Math.max(28 * 28, maxPixels))
      expect(size.grid[0] * size.grid[1]).toBeGreaterThan(0)
    }
  },
)

test.each([
  // prepare() of tools/reference/preprocess.py with the limit, then transformers' Qwen2VLImageProcessorPil: width, height.
  [1920, 1080, 1, 56, 56],
  [1920, 1080, 500, 84, 56],
  [1920, 1080, 1568, 84, 56],
  [1920, 1080, 3135, 84, 56],
  [300, 300, 1, 56, 56],
  [300, 300, 3100, 56, 56],
  [96, 600, 1, 56, 84],
  [96, 600, 500, 28, 168],
  [96, 600, 1568, 28, 112],
  [96, 600, 3000, 28, 140],
  [30, 30, 500, 56, 56],
  [1000, 40, 1, 140, 28],
  [1000, 40, 1568, 308, 28],
])("%i × %i with a limit of %i pixels, below the processor's minimum, gives the processor's size", (width, height, maxPixels, ...made) => {
  const [, size] = frameSizes(width, height, { ...tarsier2, frameCount: 1, maxPixels })
  expect([size.width, size.height]).toEqual(made)
})

test.each([3136, 3200, 4000, 5000])("a limit of %i pixels above the processor's minimum stays above it", (maxPixels) => {
  for (let width = 30; width < 400; width += 7) {
    const [, size] = frameSizes(width, 100, { ...tarsier2, frameCount: 1, maxPixels })
    expect(size.width * size.height).toBeGreaterThanOrEqual(
      Math.min(3136, frameSizes(width, 100, { ...tarsier2, frameCount: 1 })[1].width * 28),
    )
  }
})

test("a user's minimum replaces the checkpoint's, up to the maximum", () => {
  const pixels = (limits: { minPixels: number }) => {
    const [, { width, height }] = frameSizes(64, 64, { ...tarsier2, frameCount: 1, ...limits })
    return width * height
  }
  expect(pixels({ minPixels: 1 })).toBe(56 * 56)
  expect(pixels({ minPixels: 100_000 })).toBeGreaterThanOrEqual(100_000)
  expect(pixels({ minPixels: 1e9 })).toBeLessThan(13_000_000)
})
