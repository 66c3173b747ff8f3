import { expect, test } from 'vitest'
import { LANE_PX, LEAST_PX, narrowSpanAt, narrowSpans, spanWidth } from '../../../../src/renderer/lib/span-places.ts'

const span = (index: number, start: number, lane = 0) => ({ index, start, end: start + 1, lane })

test('a span is as wide as its time, and never too narrow to be seen', () => {
  expect(spanWidth({ start: 2, end: 12 }, 10)).toBe(98)
  expect(spanWidth({ start: 2, end: 3 }, 0.1)).toBe(LEAST_PX)
})

test('of several spans at one pixel of a lane, the last is drawn', () => {
  const spans = [span(0, 100), span(1, 101), span(2, 102, 1), span(3, 150)]
  const places = narrowSpans(spans, { pixelsPerSecond: 0.2, width: 1000 }, 10)
  expect(places.map(({ span: { index }, x, y }) => [index, x, y])).toEqual([
    [1, 10, 0],
    [2, 10, LANE_PX],
    [3, 20, 0],
  ])
})

test('a span at the end of the clip is not outside of it', () => {
  expect(narrowSpans([span(0, 999)], { pixelsPerSecond: 1, width: 1000 }, 0)).toMatchObject([{ x: 1000 - LEAST_PX }])
})

test('the span at a point is the one that covers the others', () => {
  const places = narrowSpans([span(0, 10), span(1, 14), span(2, 14, 1)], { pixelsPerSecond: 1, width: 1000 }, 0)
  expect(narrowSpanAt(places, 13, 5)?.index).toBe(0)
  expect(narrowSpanAt(places, 15, 5)?.index).toBe(1)
  expect(narrowSpanAt(places, 15, LANE_PX + 5)?.index).toBe(2)
  expect(narrowSpanAt(places, 20, 5)).toBeNull()
  expect(narrowSpanAt(places, 15, LANE_PX - 1)).toBeNull()
})
