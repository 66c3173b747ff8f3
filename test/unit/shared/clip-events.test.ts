import { expect, test } from 'vitest'
import { type ClipEvents, clipEventsSchema } from '../../../src/shared/clip-events.ts'

const clip: ClipEvents = {
  file: 'clip.mp4',
  duration: 12.5,
  frameRate: { numerator: 30_000, denominator: 1001 },
  variableRate: false,
  startTimecode: '01:00:00;00',
  model: 'demo',
  segments: [{ start: 0, end: 12.5, text: 'A red ball rolls, then stops.' }],
  events: [
    { text: 'A red ball rolls.', start: 0, end: 6, confidence: 0.9, segment: 0 },
    { text: 'It is sunny.', start: null, end: null, confidence: 0.2, segment: 0 },
  ],
  chapters: [],
  summary: null,
  notices: [],
  timings: { decode: 12 },
}

test('events survive JSON', () => {
  expect(clipEventsSchema.parse(JSON.parse(JSON.stringify(clip)))).toEqual(clip)
})

test.each([
  ['an event that ends before it starts', { events: [{ text: '', start: 2, end: 1, confidence: 1, segment: 0 }] }],
  ['an end without a start', { events: [{ text: '', start: null, end: 1, confidence: 1, segment: 0 }] }],
  ['a confidence above 1', { events: [{ text: '', start: 0, end: 1, confidence: 1.1, segment: 0 }] }],
  ['an infinite time', { events: [{ text: '', start: Number.POSITIVE_INFINITY, end: null, confidence: 1, segment: 0 }] }],
  ['a frame rate of 0/1', { frameRate: { numerator: 0, denominator: 1 } }],
  ['a timecode without frames', { startTimecode: '01:00:00' }],
])('rejects %s', (_, change) => {
  expect(clipEventsSchema.safeParse({ ...clip, ...change }).success).toBe(false)
})
