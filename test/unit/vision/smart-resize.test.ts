import { expect, test } from 'vitest'
import { smartResize } from '../../../src/engine/vision/smart-resize.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

// The results are transformers' (5.24) smart_resize.
test.each([
  { name: 'to the nearest multiples', from: [800, 1920], factor: 28, min: 3136, max: 12845056, to: [812, 1932] },
  { name: 'halves go to the even multiple', from: [42, 70], factor: 28, min: 3136, max: 12845056, to: [56, 56] },
  { name: 'halves go to the even multiple', from: [98, 126], factor: 28, min: 3136, max: 12845056, to: [112, 112] },
  { name: 'down to the budget', from: [1080, 1920], factor: 28, min: 3136, max: 460800, to: [504, 896] },
  { name: 'down to a small budget', from: [480, 640], factor: 28, min: 3136, max: 9437, to: [84, 112] },
  { name: 'up to the minimum', from: [20, 30], factor: 28, min: 3136, max: 12845056, to: [56, 84] },
  { name: 'a strip thinner than half a multiple up to the minimum', from: [7, 198], factor: 28, min: 3136, max: 12845056, to: [28, 308] },
  { name: 'a strip thinner than half a multiple up to the minimum', from: [10, 1000], factor: 28, min: 3136, max: 12845056, to: [28, 560] },
  { name: 'no change within the budget', from: [84, 84], factor: 28, min: 3136, max: 12845056, to: [84, 84] },
  { name: 'a narrow strip keeps one multiple', from: [56, 11000], factor: 28, min: 3136, max: 200000, to: [28, 6244] },
  { name: 'whole pixels', from: [1080, 1920], factor: 1, min: 0, max: 460800, to: [509, 905] },
  { name: 'whole pixels', from: [719, 1279], factor: 1, min: 0, max: 460800, to: [508, 905] },
  { name: 'whole pixels', from: [2160, 3840], factor: 1, min: 0, max: 294912, to: [407, 724] },
])('$name: $from by $factor', ({ from: [height = 0, width = 0], factor, min, max, to }) => {
  const size = smartResize({ width, height }, factor, min, max)
  expect([size.height, size.width]).toEqual(to)
})

test('rejects aspect ratios beyond 200 to 1, and accepts 200 to 1', () => {
  expect(() => smartResize({ width: 201, height: 1 }, 28, 3136, 12845056)).toThrow(TarsierError)
  expect(() => smartResize({ width: 10, height: 2001 }, 28, 3136, 12845056)).toThrow(/10×2001/)
  expect(smartResize({ width: 2000, height: 10 }, 28, 0, 12845056)).toEqual({ width: 1988, height: 28 })
})
