import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameAt, movedRange, skippedTime, steppedTime, timeOfFrame, timesFromSteps } from '../../../../src/renderer/lib/frame-step.ts'

const steady = (rate: number, frameCount: number) => ({ rate, frameCount, times: null })

test('the time of a frame shows that frame', () => {
  fc.assert(
    fc.property(fc.constantFrom(23.976, 24, 25, 29.97, 30, 60), fc.integer({ min: 0, max: 5000 }), (rate, index) => {
      const timeline = steady(rate, 5001)
      return frameAt(timeOfFrame(index, timeline), timeline) === index
    }),
  )
})

test('steps stay within the clip', () => {
  const timeline = steady(25, 100)
  expect(frameAt(steppedTime(0, -1, timeline), timeline)).toBe(0)
  expect(frameAt(steppedTime(4, 5, timeline), timeline)).toBe(99)
  expect(frameAt(steppedTime(timeOfFrame(10, timeline), 1, timeline), timeline)).toBe(11)
})

test('one second back from the start of a frame is a whole number of frames', () => {
  const timeline = steady(24, 96)
  expect(frameAt(skippedTime(49 / 24, -1, timeline), timeline)).toBe(25)
  expect(frameAt(skippedTime(0.5, -1, timeline), timeline)).toBe(0)
})

test('finds frames of a clip with a variable rate by their times', () => {
  // A second of 10 frames, then a frame that stays for 3 seconds, then 3 frames within 30 ms.
  const steps = [...Array.from({ length: 9 }, () => 100), 3100, 10, 10]
  const times = timesFromSteps(steps)
  const timeline = { rate: 13 / 4.1, frameCount: 13, times }
  expect(times.map((time) => frameAt(time, timeline))).toEqual([...times.keys()])
  expect(frameAt(3.9, timeline)).toBe(9)
  expect(steppedTime(2, 1, timeline)).toBeCloseTo(4.001, 6)
  expect(steppedTime(4.02, 5, timeline)).toBeCloseTo(4.021, 6)
  expect(frameAt(skippedTime(4.01, -1, timeline), timeline)).toBe(9)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 3, max: 5000 }), { maxLength: 100 }), fc.nat({ max: 100 }), (gaps, index) => {
      const some = { rate: 1, frameCount: gaps.length + 1, times: timesFromSteps(gaps) }
      const frame = Math.min(index, gaps.length)
      return frameAt(timeOfFrame(frame, some), some) === frame
    }),
  )
})

test('a range is never reversed or empty', () => {
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
