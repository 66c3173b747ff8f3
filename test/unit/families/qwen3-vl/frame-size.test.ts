import { expect, test } from 'vitest'
import { frameSize } from '../../../../src/engine/families/qwen3-vl/frame-size.ts'
import type { Qwen3VlManifest } from '../../../../src/shared/model-manifest.ts'

const vision = { patchSize: 16, mergeSize: 2, temporalPatchSize: 2 } as Qwen3VlManifest['vision']
const model = (clipMinPixels: number, clipMaxPixels: number): Pick<Qwen3VlManifest, 'preprocessing' | 'vision'> => ({
  preprocessing: { mean: [0, 0, 0], std: [1, 1, 1], minPixels: 65536, maxPixels: 1310720, clipMinPixels, clipMaxPixels },
  vision,
})
const published = model(4096, 25165824)
const byDefault = model(131072, 786432)

test.each([
  // smart_resize of transformers 4.57.6 with the limits of published checkpoints, and with those of the processor's class: frames, frame, expected.
  [16, [1920, 1080], [1664, 928], [288, 160]],
  [4, [1920, 1080], [1920, 1088], [576, 320]],
  [15, [1920, 1080], [1696, 960], [288, 160]],
  [5, [173, 131], [160, 128], [192, 160]],
  [6, [61, 119], [64, 128], [128, 224]],
  [768, [1920, 1080], [224, 128], [32, 32]],
  [64, [1080, 1920], [448, 832], [64, 128]],
  [7, [96, 64], [96, 64], [192, 128]],
] as const)('%i frames have the size of the published processor', (frameCount, [width, height], size, sizeByDefault) => {
  const sizes = [published, byDefault].map((limits) => frameSize({ width, height }, { frameCount }, limits))
  expect(sizes.map(({ width, height }) => [width, height])).toEqual([size, sizeByDefault])
})

test.each([
  [
    [1920, 1080],
    [1504, 832],
  ],
  [
    [40, 40],
    [256, 256],
  ],
] as const)('a frame alone is a picture', ([width, height], [toWidth, toHeight]) => {
  expect(frameSize({ width, height }, { frameCount: 1 }, published)).toEqual({ width: toWidth, height: toHeight })
})

test.each([1024, 5000, 50_000, 200_000])("a user's limit of %i pixels holds, also below the minimum", (maxPixels) => {
  for (const [width, height] of [
    [1920, 1080],
    [300, 301],
    [28, 28],
  ] as const) {
    const size = frameSize({ width, height }, { frameCount: 16, maxPixels }, byDefault)
    expect(size.width * size.height).toBeLessThanOrEqual(maxPixels)
  }
})

test.each([
  // smart_resize of qwen-vl-utils 0.0.14 with a factor of 32 and 480 by 480 pixels.
  [64, [1920, 1080], [640, 352]],
  [2, [640, 360], [640, 352]],
  [2, [320, 240], [320, 256]],
  // A picture has the limits of the image processor.
  [1, [1920, 1080], [1504, 832]],
] as const)('%i frames of a fine-tune with a limit for each frame', (frameCount, [width, height], size) => {
  const limited = { ...published, preprocessing: { ...published.preprocessing, frameMaxPixels: 480 * 480 } }
  const found = frameSize({ width, height }, { frameCount }, limited)
  expect([found.width, found.height]).toEqual(size)
})
