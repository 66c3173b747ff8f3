import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bounds, fittingPlace, SMALLEST } from '../../../src/main/window-place.ts'

const main: Bounds = { x: 0, y: 25, width: 1600, height: 875 }
const right: Bounds = { x: 1600, y: 0, width: 1280, height: 1024 }
const at = (x: number, y: number, width = 900, height = 600, maximized = false) => ({ bounds: { x, y, width, height }, maximized })

test('restores a visible place', () => {
  expect(fittingPlace(at(100, 50), [main, right])).toEqual(at(100, 50))
  expect(fittingPlace(at(1700, 10, 900, 600, true), [main, right])).toEqual(at(1700, 10, 900, 600, true))
})

describe('the middle of the main display', () => {
  test.each([
    ['at the first start', undefined],
    ['for damaged data', { bounds: { x: 'left', y: 0, width: 900, height: 600 }, maximized: false }],
    ['for invalid sizes', at(0, 30, 0, 0)],
  ])('%s, in the default size', (_when, stored) => {
    expect(fittingPlace(stored, [main])).toEqual(at(250, 83, 1100, 760))
  })

  test.each([
    ['on a missing display', at(1700, 10)],
    ['whose upper edge is above all displays', at(100, -300)],
    ['of which only a corner would be visible', at(1590, 100)],
  ])('for a place %s, in its former size', (_which, stored) => {
    expect(fittingPlace(stored, [main])).toEqual(at(350, 163))
  })
})

test('shrinks a window that is larger than its display', () => {
  expect(fittingPlace(at(0, 25, 4000, 3000), [main]).bounds).toEqual({ x: 0, y: 25, width: 1600, height: 875 })
})

test('the title bar is reachable for any stored place', () => {
  const coordinate = fc.integer({ min: -5000, max: 5000 })
  fc.assert(
    fc.property(coordinate, coordinate, fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 1, max: 9000 }), (x, y, width, height) => {
      const { bounds } = fittingPlace(at(x, y, width, height), [main, right])
      const seen = [main, right].some(
        (area) =>
          Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x) >= 120 &&
          bounds.y >= area.y &&
          bounds.y + 40 <= area.y + area.height,
      )
      return seen && bounds.width >= SMALLEST.width && bounds.height >= SMALLEST.height
    }),
  )
})
