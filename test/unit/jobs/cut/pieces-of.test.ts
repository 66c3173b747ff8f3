import { expect, test } from 'vitest'
import { piecesOf } from '../../../../src/jobs/cut/pieces-of.ts'
import type { ClipEvents } from '../../../../src/shared/clip-events.ts'

const events: ClipEvents = {
  file: 'clip.mp4',
  duration: 20,
  frameRate: { numerator: 25, denominator: 1 },
  variableRate: false,
  startTimecode: null,
  model: 'demo',
  segments: [
    { start: 0, end: 12, text: 'A man walks in. He sits down.' },
    { start: 12, end: 20, text: 'It rains.' },
  ],
  events: [
    { text: 'He sits down.', start: 5, end: null, confidence: 1, segment: 0 },
    { text: 'A man walks in.', start: 0.5, end: 5, confidence: 1, segment: 0 },
    { text: 'The room is dark.', start: null, end: null, confidence: 0, segment: 0 },
    { text: 'It rains.', start: 12, end: 30, confidence: 1, segment: 1 },
    { text: 'It stops.', start: 25, end: null, confidence: 1, segment: 1 },
  ],
  chapters: [
    { start: 0, title: 'Inside' },
    { start: 12, title: 'Outside' },
  ],
  summary: null,
  notices: [],
  timings: {},
}

test('cuts segments and chapters without gaps', () => {
  expect(piecesOf(events, 'segment', 0)).toEqual({ pieces: events.segments, notices: [] })
  expect(piecesOf(events, 'chapter', 0).pieces).toEqual([
    { start: 0, end: 12, text: 'Inside' },
    { start: 12, end: 20, text: 'Outside' },
  ])
})

test('cuts events in order, within the clip, and tells which are not cut', () => {
  expect(piecesOf(events, 'event', 0)).toEqual({
    pieces: [
      { start: 0.5, end: 5, text: 'A man walks in.' },
      { start: 5, end: 12, text: 'He sits down.' },
      { start: 12, end: 20, text: 'It rains.' },
    ],
    notices: ['1 event has no time and is not cut.', '1 event after the end of the clip is not cut.'],
  })
})

test('pads pieces within the clip', () => {
  const ranges = piecesOf(events, 'event', 1).pieces.map(({ start, end }) => [start, end])
  expect(ranges).toEqual([
    [0, 6],
    [4, 13],
    [11, 20],
  ])
})
