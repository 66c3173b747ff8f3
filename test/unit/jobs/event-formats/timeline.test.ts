import { describe, expect, test } from 'vitest'
import { frameAfter, frameAt, type Timeline, timecodeAt, timelineOf } from '../../../../src/jobs/event-formats/timeline.ts'
import { countedTimecodes, rates, sampleClip, timeOf } from '../../../helpers/clip-events.ts'

const HOURS = 4

describe.each(rates)('at $numerator/$denominator', (rate) => {
  const clip = sampleClip({ frameRate: rate, duration: HOURS * 3600 })
  const timeline = timelineOf(clip)

  test('a frame’s own time is that frame, as is any time nearer to it than to its neighbours', () => {
    expect(timeline.notices).toEqual([])
    expect(timeline.rate).toEqual({ numerator: rate.numerator, denominator: rate.denominator })
    for (let frame = 0; frame < timeline.frames; frame += 997) {
      const time = timeOf(rate, frame)
      expect(frameAt(timeline, time)).toBe(frame)
      const third = rate.denominator / rate.numerator / 3
      expect(frameAt(timeline, time + third)).toBe(frame)
      if (frame > 0) expect(frameAt(timeline, time - third)).toBe(frame)
      // The nearest frame by exact arithmetic on the time in whole microseconds.
      const micros = BigInt(Math.round(time * 1e6))
      const twice = (2n * micros * BigInt(rate.numerator)) / (BigInt(rate.denominator) * 1_000_000n)
      expect(frameAt(timeline, Number(micros) / 1e6)).toBe(Math.min(timeline.frames - 1, Number((twice + 1n) / 2n)))
    }
  })

  test('every frame of an hour has its timecode', () => {
    expectCounted(timelineOf({ ...clip, startTimecode: '00:00:00:00' }), countedTimecodes(rate.base, 0))
  })

  if (rate.dropped > 0)
    test('every frame of an hour has its drop-frame timecode', () => {
      expectCounted(timelineOf({ ...clip, startTimecode: '00:00:00;00' }), countedTimecodes(rate.base, rate.dropped))
    })

  test('the file’s timecode is that of the first frame', () => {
    for (const mark of rate.dropped > 0 ? [':', ';'] : [':'])
      for (const start of [`01:00:00${mark}00`, `00:59:59${mark}${rate.base - 1}`, `09:59:00${mark}04`, `23:59:59${mark}10`])
        expect(timecodeAt(timelineOf({ ...clip, startTimecode: start }), 0)).toBe(start)
  })

  test('timecode starts again after 24 hours', () => {
    const last = timelineOf({ ...clip, startTimecode: `23:59:59:${rate.base - 1}` })
    expect(timecodeAt(last, 1)).toBe('00:00:00:00')
    if (rate.dropped > 0) expect(timecodeAt(timelineOf({ ...clip, startTimecode: `23:59:59;${rate.base - 1}` }), 1)).toBe('00:00:00;00')
  })
})

test('drop-frame timecode skips numbers in nine minutes of ten', () => {
  const at29 = timelineOf(sampleClip({ frameRate: { numerator: 30_000, denominator: 1001 }, startTimecode: '00:00:00;00' }))
  expect([1799, 1800, 17_981, 17_982, 107_892].map((frame) => timecodeAt(at29, frame))).toEqual([
    '00:00:59;29',
    '00:01:00;02',
    '00:09:59;29',
    '00:10:00;00',
    '01:00:00;00',
  ])
  const at59 = timelineOf(sampleClip({ frameRate: { numerator: 60_000, denominator: 1001 }, startTimecode: '00:00:00;00' }))
  expect([3599, 3600, 35_964].map((frame) => timecodeAt(at59, frame))).toEqual(['00:00:59;59', '00:01:00;04', '00:10:00;00'])
  expect(timelineOf(sampleClip({ frameRate: { numerator: 30_000, denominator: 1001 }, startTimecode: '01:00:00;00' })).startFrame).toBe(
    107_892,
  )
})

test('rates that only editors lack become rates they have', () => {
  const on = (numerator: number, denominator: number, variableRate = false) => {
    const { rate, notices } = timelineOf(sampleClip({ frameRate: { numerator, denominator }, variableRate }))
    return [rate.numerator / rate.denominator, notices]
  }
  // The same rate, stated less exactly.
  expect(on(2997, 100)).toEqual([30_000 / 1001, []])
  expect(on(23_976, 1000)).toEqual([24_000 / 1001, []])
  expect(on(50_000, 1000)).toEqual([50, []])
  // Every frame falls on a frame of a multiple.
  expect(on(15, 1)).toEqual([30, ['Editing programs have no timelines of 15 frames per second: times are frames at 30 per second.']])
  expect(on(25, 2)).toEqual([25, [expect.stringContaining('12.5')]])
  expect(on(100, 3)).toEqual([100, [expect.stringContaining('33.333')]])
  expect(on(240, 1)).toEqual([120, [expect.stringContaining('240')]])
  // The average of a variable rate is near what the camera aimed at.
  expect(on(29_913, 1000, true)).toEqual([
    30_000 / 1001,
    ['The clip has no constant frame rate: times are rounded to the nearest frame at 29.97 frames per second.'],
  ])
  expect(on(30, 1, true)).toEqual([30, [expect.stringContaining('30 frames')]])
})

test('no time lies outside the clip, and no event is shorter than a frame', () => {
  const timeline = timelineOf(sampleClip({ duration: 2 }))
  expect(timeline.frames).toBe(50)
  expect(frameAt(timeline, 1.999)).toBe(49)
  expect(frameAt(timeline, 7)).toBe(49)
  expect(frameAfter(timeline, 10, 0.4)).toBe(11)
  expect(frameAfter(timeline, 10, 7)).toBe(50)
  expect(frameAfter(timeline, 49, 2)).toBe(50)
})

test('a timecode that does not fit the rate is not used, and a notice says so', () => {
  const { startFrame, notices } = timelineOf(sampleClip({ startTimecode: '01:00:00:25' }))
  expect(startFrame).toBe(0)
  expect(notices).toEqual(["The file's timecode 01:00:00:25 does not fit its frame rate: times count from 00:00:00:00."])
  // Only the multiples of 29.97 frames per second have drop-frame timecode.
  expect(timecodeAt(timelineOf(sampleClip({ startTimecode: '01:00:00;10' })), 0)).toBe('01:00:00:10')
  // At a multiple of the file's rate its frame numbers are multiplied too.
  expect(timecodeAt(timelineOf(sampleClip({ frameRate: { numerator: 15, denominator: 1 }, startTimecode: '01:00:00:07' })), 1)).toBe(
    '01:00:00:15',
  )
})

test('a still picture has no timeline', () => {
  expect(() => timelineOf(sampleClip({ frameRate: null, duration: 0 }))).toThrow('A still picture has no frame rate')
})

function expectCounted(timeline: Timeline, counted: Generator<string>): void {
  const hour = timeline.base * 3600 + 2
  for (let frame = 0; frame < hour; frame++) {
    const expected = counted.next().value
    // `expect` itself takes longer than the rest.
    if (timecodeAt(timeline, frame) !== expected) expect(timecodeAt(timeline, frame)).toBe(expected)
  }
}
