import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { resizeAsTorch, resizeBicubic } from '../../../src/engine/media/resize.ts'
import facts from '../../fixtures/media/media.json' with { type: 'json' }
import torch from '../../fixtures/qwen3-vl/resizes.json' with { type: 'json' }
import { noise } from '../../helpers/noise.ts'

test.each([
  ...facts.resizes.map((resize) => ({ name: 'Pillow', resizeTo: resizeBicubic, ...resize })),
  ...torch.map((resize) => ({ name: 'PyTorch', resizeTo: resizeAsTorch, ...resize })),
])(
  '$from to $to equals $name byte for byte',
  ({ resizeTo, from: [width = 0, height = 0], to: [toWidth = 0, toHeight = 0], seed, sha256 }) => {
    const image = { width, height, rgb: noise(width * height * 3, seed) }
    const resized = resizeTo(image, toWidth, toHeight)
    expect([resized.width, resized.height, resized.rgb.length]).toEqual([toWidth, toHeight, toWidth * toHeight * 3])
    expect(createHash('sha256').update(resized.rgb).digest('hex')).toBe(sha256)
  },
)

test('copies a picture of the same size', () => {
  const image = { width: 2, height: 1, rgb: Uint8Array.of(1, 2, 3, 4, 5, 6) }
  const same = resizeBicubic(image, 2, 1)
  expect(same).toEqual(image)
  expect(same.rgb).not.toBe(image.rgb)
})

test.each([
  [0, 5],
  [5, 1.5],
  [-1, 5],
])('rejects sizes such as %d×%d', (width, height) => {
  expect(() => resizeBicubic({ width: 1, height: 1, rgb: new Uint8Array(3) }, width, height)).toThrow(RangeError)
})

test('rejects a picture with too few bytes', () => {
  expect(() => resizeBicubic({ width: 4, height: 4, rgb: new Uint8Array(12) }, 2, 2)).toThrow('has 48 bytes, not 12')
})
