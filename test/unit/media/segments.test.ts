import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Timeline } from '../../../src/engine/media/sampling.ts'
import { type Segment, segmentFrames, segmentsOf } from '../../../src/engine/media/segments.ts'

const from = (...starts: number[]) => starts.map((start) => ({ start }))
const edges = (segments: readonly Segment[]) => segments.map(({ start, end }) => [start, end])
/** Sums of thirds and the like are not exact. */
const SLIGHT = 1e-5

const duration = fc.double({ min: 0.01, max: 7200, noNaN: true })
/** Shots as shares of the clip, some of them very short and some longer than any segment may be. */
const starts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 })
const lengths = fc.record({
  maxSeconds: fc.double({ min: 4, max: 60, noNaN: true }),
  minSeconds: fc.double({ min: 0, max: 2, noNaN: true }),
  overlap: fc.double({ min: 0, max: 2, noNaN: true }),
})
const cases = fc.record({ duration, starts, lengths }).map((made) => {
  const shots = [0, ...made.starts.map((share) => share * made.duration)].toSorted((a, b) => a - b).map((start) => ({ start }))
  return { shots, options: { ...made.lengths, duration: made.duration } }
})

test('segments cover the whole clip in order, and only parts of one shot overlap', () => {
  fc.assert(
    fc.property(cases, ({ shots, options }) => {
      const segments = segmentsOf(shots, options)
      expect(segments[0]).toMatchObject({ start: 0, overlap: 0 })
      expect(segments.at(-1)?.end).toBe(options.duration)
      for (const [i, { start, overlap }] of segments.entries()) {
        const before = segments[i - 1]
        if (!before) continue
        expect(start).toBeGreaterThan(before.start)
        expect(Math.abs(before.end - overlap - start)).toBeLessThan(SLIGHT)
        // Without an overlap, the cut is a shot change.
        if (overlap === 0 && options.overlap > 0) expect(shots.some((shot) => shot.start === start)).toBe(true)
        if (overlap > 0) expect(overlap).toBe(options.overlap)
      }
    }),
  )
})

test('no segment is too long, and a short one remains only between neighbours with which it would be too long', () => {
  fc.assert(
    fc.property(cases, ({ shots, options }) => {
      const segments = segmentsOf(shots, options)
      const length = ({ start, end }: Segment) => end - start
      for (const [i, segment] of segments.entries()) {
        expect(length(segment)).toBeLessThan(options.maxSeconds + SLIGHT)
        if (length(segment) >= options.minSeconds) continue
        for (const other of [segments[i - 1], segments[i + 1]])
          if (other) expect(Math.max(segment.end, other.end) - Math.min(segment.start, other.start)).toBeGreaterThan(options.maxSeconds)
      }
    }),
  )
})

test('a clip without shots is cut into equal parts', () => {
  fc.assert(
    fc.property(duration, lengths, (duration, options) => {
      const segments = segmentsOf([], { ...options, duration })
      const length = segments[0]?.end ?? 0
      for (const { start, end } of segments) expect(Math.abs(end - start - length)).toBeLessThan(SLIGHT)
      // One part fewer would be too long.
      if (segments.length > 1) {
        const fewer = segments.length - 1
        expect((duration + (fewer - 1) * options.overlap) / fewer).toBeGreaterThan(options.maxSeconds)
      }
    }),
  )
})

test('parts of a long shot share a second, and shots share none', () => {
  expect(segmentsOf(from(0, 10), { duration: 44 })).toEqual([
    { start: 0, end: 10, overlap: 0 },
    { start: 10, end: 22, overlap: 0 },
    { start: 21, end: 33, overlap: 1 },
    { start: 32, end: 44, overlap: 1 },
  ])
  expect(edges(segmentsOf(from(0, 10), { duration: 42, overlap: 0 }))).toEqual([
    [0, 10],
    [10, 26],
    [26, 42],
  ])
})

test('a short shot joins the shorter neighbour with which it is not too long', () => {
  expect(edges(segmentsOf(from(0, 8, 9), { duration: 13 }))).toEqual([
    [0, 8],
    [8, 13],
  ])
  expect(edges(segmentsOf(from(0, 3, 4), { duration: 13 }))).toEqual([
    [0, 4],
    [4, 13],
  ])
  expect(edges(segmentsOf(from(0, 15.5, 17), { duration: 32.9 }))).toEqual([
    [0, 15.5],
    [15.5, 17],
    [17, 32.9],
  ])
  // Many short ones are joined until they are long enough.
  expect(edges(segmentsOf(from(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5), { duration: 4 }))).toEqual([
    [0, 2],
    [2, 4],
  ])
})

test('a picture is one segment', () => {
  expect(segmentsOf([{ start: 0 }], { duration: 0 })).toEqual([{ start: 0, end: 0, overlap: 0 }])
  const still: Timeline = { frameCount: 1, rate: 0, duration: 0, timeOf: () => 0 }
  expect(segmentFrames({ start: 0, end: 0, overlap: 0 }, still)).toEqual({ unit: 'frames', start: 0, end: 1 })
})

test('a segment before a shot change does not contain the first frame of the next shot', () => {
  const third: Timeline = { frameCount: 300, rate: 30, duration: 10, timeOf: (index) => index / 30 }
  const [first, second] = segmentsOf(from(0, 100 / 30), { duration: 10 })
  expect(segmentFrames(first as Segment, third)).toEqual({ unit: 'frames', start: 0, end: 100 })
  expect(segmentFrames(second as Segment, third)).toEqual({ unit: 'frames', start: 100, end: 300 })
  // Frames at 0, 1, 4, 9 and 16 seconds; a part that starts between two of them shows the earlier one.
  const uneven: Timeline = { frameCount: 5, rate: 0.2, duration: 25, timeOf: (index) => index * index }
  expect(segmentFrames({ start: 3, end: 9, overlap: 0 }, uneven)).toEqual({ unit: 'frames', start: 1, end: 3 })
  expect(segmentFrames({ start: 5, end: 8, overlap: 0 }, uneven)).toEqual({ unit: 'frames', start: 2, end: 3 })
})
