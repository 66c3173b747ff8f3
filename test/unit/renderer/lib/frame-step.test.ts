import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameAt, movedRange, skippedTime, steppedTime, timeOfFrame } from '../../../../src/renderer/lib/frame-step.ts'

test('the time of a frame shows that frame', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(23.976, 24, 25, 29.97, 30, 60),
      fc.integer({ min: 0, max: 5000 }),
      (rate, index) => frameAt(timeOfFrame(index, rate), rate, 5001) === index,
    ),
  )
})

test('steps stay within the clip', () => {
  expect(frameAt(steppedTime(0, -1, 25, 100), 25, 100)).toBe(0)
  expect(frameAt(steppedTime(4, 5, 25, 100), 25, 100)).toBe(99)
  expect(frameAt(steppedTime(timeOfFrame(10, 25), 1, 25, 100), 25, 100)).toBe(11)
})

test('a second back from the very beginning of a frame is as many frames', () => {
  expect(frameAt(skippedTime(49 / 24, -1, 24, 96), 24, 96)).toBe(25)
  expect(frameAt(skippedTime(0.5, -1, 24, 96), 24, 96)).toBe(0)
})

test('a range never turns round and never empties', () => {
  const clip = { duration: 4, rate: 24 }
  const time = fc.double({ min: -1, max: 6, noNaN: true })
  const moves = fc.array(fc.tuple(fc.constantFrom('start' as const, 'end' as const), time), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(moves, (all) => {
      let range: { start: number; end: number } | null = null
      for (const [edge, at] of all) range = movedRange(range, edge, at, clip)
      return range !== null && range.start >= 0 && range.end <= 4 && range.end - range.start > 1 / 24 - 1e-9
    }),
  )
})
