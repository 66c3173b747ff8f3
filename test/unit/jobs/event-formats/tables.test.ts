import { expect, test } from 'vitest'
import { formatEvents } from '../../../../src/jobs/event-formats/format-events.ts'
import { clipEventsSchema } from '../../../../src/shared/clip-events.ts'
import { event, hardTexts, sampleClip } from '../../../helpers/clip-events.ts'

/** Reads CSV (RFC 4180) after the byte-order mark. */
function readCsv(text: string): string[][] {
  expect(text[0]).toBe('\ufeff')
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.slice(1).matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

const clip = sampleClip({
  frameRate: { numerator: 30_000, denominator: 1001 },
  startTimecode: '00:00:59;29',
  summary: 'A *red* ball.',
  notices: ['The file is truncated.'],
  chapters: [{ start: 0, title: 'Start' }],
  events: [
    event((1001 * 5) / 30_000, (1001 * 65) / 30_000, 'A ball | rolls.'),
    event(null, null, 'It is sunny.', 0.25),
    event(1, null, '=2+2'),
  ],
})

test('JSON has everything', () => {
  expect(clipEventsSchema.parse(JSON.parse(formatEvents(clip, 'json')))).toEqual(clip)
  // Strict readers refuse halves of characters, which JavaScript escapes.
  expect(formatEvents(sampleClip({ notices: hardTexts }), 'json')).not.toMatch(/\\ud8/)
})

test('CSV has a row per event, with empty cells for times that are not known', () => {
  expect(readCsv(formatEvents(clip, 'csv'))).toEqual([
    ['file', 'event', 'start', 'end', 'start timecode', 'end timecode', 'confidence', 'segment', 'text'],
    ['/films/red ball.mp4', '1', '0.166833', '2.168833', '00:01:00;06', '00:01:02;06', '0.9', '1', 'A ball | rolls.'],
    ['/films/red ball.mp4', '2', '', '', '', '', '0.25', '1', 'It is sunny.'],
    ['/films/red ball.mp4', '3', '1', '', '00:01:01;01', '', '0.9', '1', "'=2+2"],
  ])
})

test('CSV survives any text, no event and ten thousand', () => {
  const texts = readCsv(formatEvents(sampleClip({ events: hardTexts.map((text) => event(1, null, text)) }), 'csv')).map((row) => row.at(-1))
  expect(texts.slice(1)).toEqual(hardTexts.map((text) => (text.startsWith('=') ? `'${text}` : text)))
  expect(readCsv(formatEvents(sampleClip(), 'csv'))).toHaveLength(1)
  expect(readCsv(formatEvents(sampleClip({ events: Array.from({ length: 10_000 }, (_, i) => event(i / 200)) }), 'csv'))).toHaveLength(
    10_001,
  )
})

test('a still picture has rows without timecode', () => {
  expect(readCsv(formatEvents(sampleClip({ frameRate: null, duration: 0, events: [event(0)] }), 'csv'))[1]?.slice(2, 6)).toEqual([
    '0',
    '',
    '',
    '',
  ])
})

test('Markdown has a table, and lists what has no time', () => {
  expect(formatEvents(clip, 'markdown')).toBe(`# red ball.mp4

A \\*red\\* ball.

## Chapters

- 00:00:00.000 Start

## Events

| Start | End | Timecode | Event | Confidence |
| --- | --- | --- | --- | --- |
| 00:00:00.167 | 00:00:02.169 | 00:01:00;06 | A ball \\| rolls. | 90 % |
| 00:00:01.000 |  | 00:01:01;01 | =2+2 | 90 % |

## Without a clear time

- It is sunny. (25 %)

## Notes

- The file is truncated.

*demo*
`)
  expect(formatEvents(sampleClip(), 'markdown')).toBe('# red ball.mp4\n\n*demo*\n')
})

test('Markdown shows any text in one row', () => {
  const rows = formatEvents(sampleClip({ events: hardTexts.map((text) => event(1, null, text)) }), 'markdown')
    .split('\n')
    .filter((line) => line.startsWith('|'))
  expect(rows).toHaveLength(hardTexts.length + 2)
  for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(6)
})

test('chapters are lines for YouTube', () => {
  const chapters = [
    { start: 3723.99, title: 'The\nend' },
    { start: 0.4, title: 'a <b> & "c"' },
    { start: 75.2, title: ' ' },
  ]
  expect(formatEvents(sampleClip({ duration: 4000, chapters }), 'chapters')).toBe('0:00 a ‹b› & "c"\n1:15 Chapter 2\n1:02:03 The end\n')
})

test.each([
  [[0, 20], 'only if there are 3 or more; this clip has 2.'],
  [[], 'this clip has 0.'],
  [[1, 20, 40], 'only if the first starts at 0:00; here it starts at 0:01.'],
  [[0, 20, 29.9], 'the one at 0:20 is shorter.'],
  [[0, 20, 50.5], 'the one at 0:50 is shorter.'],
])('YouTube shows no chapters at %j, so they are refused', (starts, reason) => {
  const chapters = starts.map((start) => ({ start, title: 'x' }))
  const refused = sampleClip({ duration: 59.9, chapters })
  expect(() => formatEvents(refused, 'chapters')).toThrow(reason)
  expect(() => formatEvents(refused, 'chapters')).toThrow(expect.objectContaining({ code: 'format-unsuitable' }))
})
