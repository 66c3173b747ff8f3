import { expect, test } from 'vitest'
import { clauseEvents, eventLabel, eventSpans, neighbouringStart, spans } from '../../../../src/renderer/lib/event-track.ts'
import type { ClipEvent } from '../../../../src/shared/clip-events.ts'

const event = (start: number | null, end: number | null = null, segment = 0): ClipEvent => ({
  text: `from ${start}`,
  start,
  end,
  confidence: 1,
  segment,
})

test('an event without an end reaches to the next one of its segment, then to the end of its segment, then to that of the clip', () => {
  const segments = [{ end: 10 }, { end: 20 }]
  const events = [event(6), event(2), event(null), event(12, null, 1)]
  expect(eventSpans(events, 20, segments).map(({ index, start, end }) => [index, start, end])).toEqual([
    [1, 2, 6],
    [0, 6, 10],
    [3, 12, 20],
  ])
  expect(eventSpans([event(3), event(3), event(5, 99)], 8).map(({ start, end }) => [start, end])).toEqual([
    [3, 5],
    [3, 5],
    [5, 8],
  ])
})

test('events that overlap have different rows, at most four', () => {
  const lanes = (...events: ClipEvent[]) => eventSpans(events, 10).map(({ lane }) => lane)
  expect(lanes(event(0, 5), event(1, 3), event(3, 6), event(5, 6))).toEqual([0, 1, 1, 0])
  expect(lanes(...Array.from({ length: 6 }, (_, i) => event(i / 10, 9)))).toEqual([0, 1, 2, 3, 3, 3])
})

test('an event is current from its start until its end', () => {
  const span = { start: 1.5, end: 2 }
  // A frame that is shown at 1.5 may have begun shortly before.
  expect([1.4, 1.46, 1.5, 1.94, 1.96, 2].map((time) => spans(span, time))).toEqual([false, true, true, true, false, false])
})

test('finds the next and the previous event', () => {
  const starts = [0.5, 2, 4]
  expect(neighbouringStart(starts, 2, 1)).toBe(4)
  expect(neighbouringStart(starts, 2.04, -1)).toBe(0.5)
  expect(neighbouringStart(starts, 2.5, -1)).toBe(2)
  expect(neighbouringStart(starts, 4, 1)).toBeNull()
  expect(neighbouringStart(starts, 0.2, -1)).toBeNull()
})

test('the clauses of a text become events with labels', () => {
  const clause = { text: 'a circle moves right', start: 0, end: 20, sentence: 0, begins: 3.4, ends: null, confidence: 0.5 }
  const [first, second] = clauseEvents({ clauses: [clause, { ...clause, begins: null }] })
  expect(first).toEqual({ text: 'a circle moves right', start: 3.4, end: null, confidence: 0.5, segment: 0 })
  expect(first && eventLabel(first)).toBe('0:03 a circle moves right')
  expect(second && eventLabel(second)).toBe('a circle moves right')
})
