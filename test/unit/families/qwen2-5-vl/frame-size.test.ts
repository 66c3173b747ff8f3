import { expect, test } from 'vitest'
import { frameSize } from '../../../../src/engine/families/qwen2-5-vl/frame-size.ts'
import type { Qwen25VlManifest } from '../../../../src/shared/model-manifest.ts'

const model = {
  preprocessing: {
    mean: [0, 0, 0],
    std: [1, 1, 1],
    minPixels: 3136,
    maxPixels: 12845056,
    frameMinPixels: 100352,
    frameMaxPixels: 602112,
    clipMaxPixels: 90316800,
  },
  vision: { patchSize: 14, mergeSize: 2, temporalPatchSize: 2 } as Qwen25VlManifest['vision'],
} satisfies Pick<Qwen25VlManifest, 'preprocessing' | 'vision'>

test.each([
  // smart_resize of qwen-vl-utils 0.0.10 with the limits of its fetch_video: frames, frame, expected.
  [16, [1920, 1080], [1008, 560]],
  [16, [173, 131], [392, 280]],
  [16, [1080, 1920], [560, 1008]],
  [256, [1920, 1080], [1008, 560]],
  [768, [1920, 1080], [644, 336]],
  [1, [1920, 1080], [1932, 1092]],
  [1, [28, 28], [56, 56]],
] as const)('%i frames have the size of the published processor', (frameCount, [width, height], [toWidth, toHeight]) => {
  expect(frameSize({ width, height }, { frameCount }, model)).toEqual({ width: toWidth, height: toHeight })
})

test.each([784, 5000, 50_000, 100_352, 200_000])("a user's limit of %i pixels holds, also below the minimum", (maxPixels) => {
  for (const [width, height] of [
    [1920, 1080],
    [300, 301],
    [28, 28],
  ] as const) {
    const size = frameSize({ width, height }, { frameCount: 16, maxPixels }, model)
    expect(size.width * size.height).toBeLessThanOrEqual(maxPixels)
  }
})
