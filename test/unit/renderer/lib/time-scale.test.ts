import fc from 'fast-check'
import { expect, test } from 'vitest'
import { highestZoom, nearest, rulerStep, rulerTimes } from '../../../../src/renderer/lib/time-scale.ts'

test('the labels of a ruler are far enough apart, and lie on multiples of the step', () => {
  // A minute over 1200 pixels, an hour over 1200, and a second over 1200.
  expect([20, 1200 / 3600, 1200].map(rulerStep)).toEqual([5, 300, 0.1])
  for (const scale of [0.02, 0.5, 3, 70, 500]) expect(rulerStep(scale) * scale).toBeGreaterThanOrEqual(68)
  expect(rulerTimes(7, 21, 5)).toEqual([5, 10, 15, 20])
  expect(rulerTimes(0.25, 0.55, 0.1)).toEqual([0.2, 0.3, 0.4, 0.5])
  expect(rulerTimes(0, 0.5, 1)).toEqual([0])
})

test('a second fills the timeline at its highest magnification', () => {
  expect([0.4, 4, 7200].map(highestZoom)).toEqual([1, 4, 7200])
})

test('finds the nearest of ascending values', () => {
  const number = fc.double({ min: -1e6, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(fc.array(number, { minLength: 1 }), number, (values, wanted) => {
      const sorted = values.toSorted((a, b) => a - b)
      const found = nearest(sorted, wanted, (value) => value) as number
      expect(Math.abs(found - wanted)).toBe(Math.min(...sorted.map((value) => Math.abs(value - wanted))))
    }),
  )
  expect(nearest([], 1, (value: number) => value)).toBeUndefined()
})
