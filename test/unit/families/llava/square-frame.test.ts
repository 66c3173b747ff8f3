import { expect, test } from 'vitest'
import { type Squaring, squareFrame } from '../../../../src/engine/families/llava/square-frame.ts'

const mean = [0.48145466, 0.4578275, 0.40821073] as [number, number, number]
/** int(mean * 255), as in the reference. */
const GREY = [122, 116, 104]

/** Every pixel encodes its row in red and its column in green. */
function numbered(width: number, height: number) {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3)
    return [Math.floor(pixel / width), pixel % width, 7][i % 3] ?? 0
  })
  return { width, height, rgb }
}

function squared(width: number, height: number, options: Omit<Squaring, 'mean'>) {
  const picture = squareFrame(numbered(width, height), { mean, ...options })
  expect([picture.width, picture.height, picture.rgb.length]).toEqual([options.side, options.side, options.side ** 2 * 3])
  return (row: number, column: number) => [
    ...picture.rgb.subarray((row * options.side + column) * 3, (row * options.side + column) * 3 + 3),
  ]
}

test('does not change a picture of the right size', () => {
  for (const square of ['stretch', 'pad', 'crop'] as const) {
    const pixel = squared(6, 6, { square, shortestSide: 6, side: 6 })
    expect(pixel(4, 1)).toEqual([4, 1, 7])
  }
})

test('pads with the mean color above and below, with an odd row below', () => {
  const pixel = squared(8, 5, { square: 'pad', shortestSide: 8, side: 8 })
  expect(pixel(0, 3)).toEqual(GREY)
  expect(pixel(1, 3)).toEqual([0, 3, 7])
  expect(pixel(5, 7)).toEqual([4, 7, 7])
  expect(pixel(6, 0)).toEqual(GREY)
  expect(pixel(7, 7)).toEqual(GREY)
})

test('pads an upright picture at its sides', () => {
  const pixel = squared(5, 8, { square: 'pad', shortestSide: 8, side: 8 })
  expect(pixel(2, 0)).toEqual(GREY)
  expect(pixel(2, 1)).toEqual([2, 0, 7])
  expect(pixel(2, 5)).toEqual([2, 4, 7])
  expect(pixel(2, 6)).toEqual(GREY)
})

test('crops the middle, with less before than after for an odd rest', () => {
  const pixel = squared(11, 6, { square: 'crop', shortestSide: 6, side: 6 })
  expect(pixel(0, 0)).toEqual([0, 2, 7])
  expect(pixel(5, 5)).toEqual([5, 7, 7])
})

test('crops a larger picture on all sides', () => {
  const pixel = squared(8, 8, { square: 'stretch', shortestSide: 8, side: 5 })
  expect(pixel(0, 0)).toEqual([1, 1, 7])
  expect(pixel(4, 4)).toEqual([5, 5, 7])
})

test('stretching enlarges the shorter side, so that the whole picture remains', () => {
  const pixel = squared(40, 10, { square: 'stretch', shortestSide: 20, side: 20 })
  expect(pixel(19, 0)[0]).toBe(9)
  expect(pixel(10, 19)[1]).toBeGreaterThanOrEqual(38)
})
