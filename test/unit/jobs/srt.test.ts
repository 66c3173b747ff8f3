import { expect, test } from 'vitest'
import { srtText } from '../../../src/jobs/sinks/srt.ts'

test('subtitles are numbered, last at least a second, and have no empty lines', () => {
  expect(
    srtText([
      { start: 0, end: 3723.4567, text: 'A red circle\n\n \ngrows.' },
      { start: 2, end: 0, text: 'A picture.' },
    ]),
  ).toBe('1\n00:00:00,000 --> 01:02:03,457\nA red circle\ngrows.\n\n2\n00:00:02,000 --> 00:00:03,000\nA picture.\n')
})
