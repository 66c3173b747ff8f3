import { expect, test } from 'vitest'
import { clausesOf } from '../../../../src/engine/events/clauses.ts'
import { formatEvents } from '../../../../src/jobs/event-formats/format-events.ts'
import { eventOfClause } from '../../../../src/shared/clip-events.ts'
import { check, event, hardTexts, rates, sampleClip, timeOf } from '../../../helpers/clip-events.ts'

interface Parsed {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Reads SubRip strictly: numbers in order, one empty line between subtitles, none within, nothing else. */
function readSrt(text: string): Parsed[] {
  if (text === '') return []
  expect(text.endsWith('\n')).toBe(true)
  return text
    .slice(0, -1)
    .split('\n\n')
    .map((block, i) => {
      const [number, times = '', ...lines] = block.split('\n')
      check(number === String(i + 1), `Subtitle ${i + 1} has the number ${number}`)
      return { ...readTimes(times, ','), text: lines.join('\n') }
    })
}

/** Reads WebVTT by the steps of its specification: blocks are separated by empty lines, `-->` marks times, comments start with NOTE. */
function readVtt(text: string): { cues: Parsed[]; notes: string[] } {
  const [signature, ...blocks] = text.split(/\n{2,}/)
  expect(signature?.trimEnd()).toBe('WEBVTT')
  const cues: Parsed[] = []
  const notes: string[] = []
  for (const block of blocks.map((one) => one.replace(/\n$/, ''))) {
    const lines = block.split('\n')
    const timing = lines.findIndex((line) => line.includes('-->'))
    if (timing < 0) {
      check(/^NOTE( |$)/.test(lines[0] ?? ''), `No comment: ${block}`)
      notes.push(...lines.slice(1).map(unescaped))
      continue
    }
    check(timing <= 1, `Text before the times: ${block}`)
    const body = lines.slice(timing + 1)
    check(!/-->|<|&(?!(amp|lt|gt);)/.test(body.join('')), `Not escaped: ${block}`)
    cues.push({ ...readTimes(lines[timing] ?? '', '.'), text: unescaped(body.join('\n')) })
  }
  return { cues, notes }
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

const TIMES = {
  ',': /^(\d\d+):([0-5]\d):([0-5]\d),(\d{3}) --> (\d\d+):([0-5]\d):([0-5]\d),(\d{3})$/,
  '.': /^(\d\d+):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d\d+):([0-5]\d):([0-5]\d)\.(\d{3})$/,
}

/** Milliseconds, so that they compare exactly. */
function readTimes(line: string, mark: ',' | '.'): { start: number; end: number } {
  const match = TIMES[mark].exec(line)
  if (!match) throw new Error(`No times: ${line}`)
  const [h, m, s, ms, h2, m2, s2, ms2] = match.slice(1).map(Number) as [number, number, number, number, number, number, number, number]
  return { start: ((h * 60 + m) * 60 + s) * 1000 + ms, end: ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2 }
}

test('subtitles start with the event’s first frame and end before the frame after it, at every rate', () => {
  for (const rate of rates)
    for (const start of [0, 1, 2, 3, 1001, 86_399, 215_784]) {
      const end = start + 2 * rate.base + 1
      const clip = sampleClip({ frameRate: rate, duration: 7200, events: [event(timeOf(rate, start), timeOf(rate, end))] })
      for (const [cue] of [readSrt(formatEvents(clip, 'srt')), readVtt(formatEvents(clip, 'vtt')).cues]) {
        // Exact: a frame is shown from frame * denominator / numerator seconds on.
        const shown = (frame: number) => BigInt(frame) * BigInt(rate.denominator) * 1000n
        const at = (ms: number | undefined) => BigInt(ms ?? -1) * BigInt(rate.numerator)
        expect(at(cue?.start) <= shown(start)).toBe(true)
        if (start > 0) expect(at(cue?.start) > shown(start - 1)).toBe(true)
        expect(at(cue?.end) <= shown(end)).toBe(true)
        expect(at(cue?.end) > shown(end - 1)).toBe(true)
      }
    }
})

test('texts come back as they were, on lines of which none is empty', () => {
  const clip = sampleClip({ events: hardTexts.map((text, i) => event(i * 2, i * 2 + 1.5, text)) })
  const expected = hardTexts.map((text) =>
    text.replace('\r\n\r\n', '\n').replace('\u0000\u0008control\u001b[31m\u2028line\ud800half\ufffe', 'control[31m\nlinehalf'),
  )
  expect(readVtt(formatEvents(clip, 'vtt')).cues.map(({ text }) => text)).toEqual(expected)
  // SubRip has no way to write the arrow of its times.
  expect(readSrt(formatEvents(clip, 'srt')).map(({ text }) => text)).toEqual(expected.map((text) => text.replaceAll('-->', '->')))
})

test('an unknown end is the next start, or the end of the segment, and a second later at least', () => {
  const clip = sampleClip({
    segments: [
      { start: 0, end: 20, text: '' },
      { start: 20, end: 60, text: '' },
    ],
    events: [
      event(2),
      event(5),
      event(5),
      { ...event(5.4), segment: 0 },
      { ...event(30, 30.2), segment: 1 },
      { ...event(59.5), segment: 1 },
    ],
  })
  expect(readSrt(formatEvents(clip, 'srt')).map(({ start, end }) => [start, end])).toEqual([
    [2000, 5000],
    [5000, 6000],
    [5000, 6000],
    [5400, 20_000],
    [30_000, 31_000],
    [59_500, 60_500],
  ])
})

test('events are in the order of their times; those without one are only in comments', () => {
  const clip = sampleClip({
    notices: ['The file is\ntruncated --> at 2.'],
    events: [event(9, 12, 'later'), event(null, null, 'a > b <sometime>'), event(3, 5, 'earlier')],
  })
  expect(readSrt(formatEvents(clip, 'srt')).map(({ text }) => text)).toEqual(['earlier', 'later'])
  const { cues, notes } = readVtt(formatEvents(clip, 'vtt'))
  expect(cues.map(({ text }) => text)).toEqual(['earlier', 'later'])
  expect(notes).toEqual(['The file is truncated --> at 2.', 'One event has no clear time and is left out:', 'a > b <sometime>'])
})

test('without events there is no subtitle, and of ten thousand none is missing', () => {
  expect(formatEvents(sampleClip(), 'srt')).toBe('')
  expect(formatEvents(sampleClip(), 'vtt')).toBe('WEBVTT\n')
  const many = sampleClip({ duration: 36_000, events: Array.from({ length: 10_000 }, (_, i) => event(i * 3.6, i * 3.6 + 3, `event ${i}`)) })
  for (const cues of [readSrt(formatEvents(many, 'srt')), readVtt(formatEvents(many, 'vtt')).cues]) {
    expect(cues).toHaveLength(10_000)
    expect(cues[9_999]).toEqual({ start: 35_996_400, end: 35_999_400, text: 'event 9999' })
  }
  // Also when all start together.
  expect(readSrt(formatEvents({ ...many, events: many.events.map(({ text }) => event(1, null, text)) }, 'srt'))).toHaveLength(10_000)
})

test('a still picture has subtitles too', () => {
  expect(readSrt(formatEvents(sampleClip({ frameRate: null, duration: 0, events: [event(0)] }), 'srt'))).toEqual([
    { start: 0, end: 1000, text: 'A ball rolls.' },
  ])
})

test('a clause is shown as a sentence with its own subject, and programs get its words', () => {
  const text = 'A red circle moves up and then grows. A blue square spins and then grows.'
  const events = clausesOf(text).map((clause, i) => eventOfClause({ ...clause, begins: i * 5, ends: i * 5 + 4, confidence: 0.9 }, 0))
  const clip = sampleClip({ segments: [{ start: 0, end: 60, text }], events })
  expect(readSrt(formatEvents(clip, 'srt')).map((cue) => cue.text)).toEqual([
    'A red circle moves up.',
    'The red circle grows.',
    'A blue square spins.',
    'The blue square grows.',
  ])
  expect(formatEvents(clip, 'csv')).toContain('and then grows.')
  expect(JSON.parse(formatEvents(clip, 'json')).events[1]).toMatchObject({ text: 'and then grows.', caption: 'The red circle grows.' })
})
