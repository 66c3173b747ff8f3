import type { ClipEvent, ClipEvents, FrameRate } from '../../src/shared/clip-events.ts'

/** Rates at which editors work, with their timecode base and the frame numbers that drop-frame timecode leaves out per minute. */
export const rates: readonly (FrameRate & { readonly base: number; readonly dropped: number })[] = [
  { numerator: 24_000, denominator: 1001, base: 24, dropped: 0 },
  { numerator: 24, denominator: 1, base: 24, dropped: 0 },
  { numerator: 25, denominator: 1, base: 25, dropped: 0 },
  { numerator: 30_000, denominator: 1001, base: 30, dropped: 2 },
  { numerator: 30, denominator: 1, base: 30, dropped: 0 },
  { numerator: 50, denominator: 1, base: 50, dropped: 0 },
  { numerator: 60_000, denominator: 1001, base: 60, dropped: 4 },
  { numerator: 60, denominator: 1, base: 60, dropped: 0 },
]

/** Texts that a format may take for its own syntax. */
export const hardTexts = [
  'Tom & Jerry <b>run</b> "fast", it\'s 5 > 3.',
  'One line\nand another\r\n\r\nafter an empty one',
  '00:00:01,000 --> 00:00:02,000',
  'ends with a hyphen -- and more --->-',
  ']]> <!-- comment --> <![CDATA[',
  '👩‍🚀 floats past 🌍',
  'كلب يركض في الحديقة ثم يتوقف',
  'שלום | עולם',
  '=1+1',
  '\u0000\u0008control\u001b[31m\u2028line\ud800half\ufffe',
  'pipe | star * under_score `code` [link](x) \\ back $x$',
  'NOTE this is no comment',
  '42',
]

export function event(start: number | null, end: number | null = null, text = 'A ball rolls.', confidence = 0.9): ClipEvent {
  return { text, start, end, confidence, segment: 0 }
}

export function sampleClip(change: Partial<ClipEvents> = {}): ClipEvents {
  const duration = change.duration ?? 60
  return {
    file: '/films/red ball.mp4',
    duration,
    frameRate: { numerator: 25, denominator: 1 },
    variableRate: false,
    startTimecode: null,
    model: 'demo',
    segments: [{ start: 0, end: duration, text: 'A ball rolls, then stops.' }],
    events: [],
    chapters: [],
    summary: null,
    notices: [],
    timings: {},
    ...change,
  }
}

/** Time of a frame as a decoder reports it: the exact fraction, as a `number`. */
export function timeOf({ numerator, denominator }: FrameRate, frame: number): number {
  return (frame * denominator) / numerator
}

/** Fails with a message. Ten thousand calls of `expect` take seconds. */
export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message)
}

/** All timecodes from 00:00:00:00 in order, by counting: an implementation of the rules that shares nothing with the one that is tested. */
export function* countedTimecodes(base: number, dropped: number): Generator<string> {
  const two = (value: number) => String(value).padStart(2, '0')
  for (let hour = 0; hour < 24; hour++)
    for (let minute = 0; minute < 60; minute++)
      for (let second = 0; second < 60; second++)
        for (let frame = 0; frame < base; frame++) {
          if (second === 0 && minute % 10 !== 0 && frame < dropped) continue
          yield `${two(hour)}:${two(minute)}:${two(second)}${dropped > 0 ? ';' : ':'}${two(frame)}`
        }
}
