import { describe, expect, test } from 'vitest'
import { middleIndices, planFrames, roundHalfToEven, type Timeline, uniformIndices } from '../../../src/engine/media/sampling.ts'
import type { FrameRequest } from '../../../src/shared/frame-request.ts'

/** 100 frames, ten per second. */
const tenSeconds: Timeline = { frameCount: 100, rate: 10, duration: 10, timeOf: (index) => index / 10 }
/** Frames at 0, 1, 4, 9 and 16 seconds. */
const uneven: Timeline = { frameCount: 5, rate: 0.2, duration: 25, timeOf: (index) => index * index }
const still: Timeline = { frameCount: 1, rate: 0, duration: 0, timeOf: () => 0 }

const choose = (request: FrameRequest, timeline = tenSeconds) => planFrames(request, timeline).indices

function failure(request: FrameRequest, timeline = tenSeconds): unknown {
  try {
    planFrames(request, timeline)
  } catch (error) {
    return error
  }
  throw new Error('it should have thrown')
}

test('rounds halves to even, like Python', () => {
  expect([0.5, 1.5, 2.5, 2.4999, 3.5001, 7].map(roundHalfToEven)).toEqual([0, 2, 2, 2, 4, 7])
})

test('uniform includes the first and the last frame', () => {
  // [round(i * 83 / 7) for i in range(8)] and [round(i * 10 / 4) for i in range(5)]
  expect(uniformIndices(84, 8)).toEqual([0, 12, 24, 36, 47, 59, 71, 83])
  expect(uniformIndices(11, 5)).toEqual([0, 2, 5, 8, 10])
  expect(uniformIndices(84, 1)).toEqual([0])
  expect(uniformIndices(3, 8)).toEqual([0, 1, 2])
})

test('uniform repeats frames if the model does', () => {
  // [round(i * (total - 1) / (n - 1)) for i in range(n)]
  expect(uniformIndices(5, 8, { repeats: true })).toEqual([0, 1, 1, 2, 2, 3, 3, 4])
  expect(uniformIndices(1, 4, { repeats: true })).toEqual([0, 0, 0, 0])
  expect(uniformIndices(8, 8, { repeats: true })).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(uniformIndices(5, 1, { repeats: true })).toEqual([0])
})

test('repeats frames only of clips that allow it, only by the uniform rule, and with a notice', () => {
  const five: Timeline = { frameCount: 5, rate: 10, duration: 0.5, timeOf: (index) => index / 10 }
  const indices = (request: FrameRequest, timeline: Timeline, repeats = true) => planFrames(request, timeline, { repeats }).indices
  const request: FrameRequest = { kind: 'uniform', count: 8 }
  const repeated = planFrames(request, { ...five, repeatable: true }, { repeats: true })
  expect(repeated.indices).toEqual([0, 1, 1, 2, 2, 3, 3, 4])
  expect(repeated.notices).toEqual([
    'The clip has 5 frames, fewer than the requested 8: some frames are used more than once, as in the reference implementation of this model.',
  ])
  expect(indices(request, five)).toEqual([0, 1, 2, 3, 4])
  expect(indices(request, { ...five, repeatable: true }, false)).toEqual([0, 1, 2, 3, 4])
  expect(indices({ kind: 'middle', count: 8 }, { ...five, repeatable: true })).toEqual([0, 1, 2, 3, 4])
  expect(indices({ ...request, count: 5 }, { ...five, repeatable: true })).toEqual([0, 1, 2, 3, 4])
})

test('middle takes the middle of each run, longer runs first', () => {
  expect(middleIndices(10, 3)).toEqual([1, 5, 8])
  expect(middleIndices(16, 4)).toEqual([1, 5, 9, 13])
  expect(middleIndices(9, 1)).toEqual([4])
  expect(middleIndices(2, 8)).toEqual([0, 1])
})

describe('ranges', () => {
  test('of frames, without the end', () => {
    expect(choose({ kind: 'uniform', count: 3, range: { unit: 'frames', start: 10, end: 21 } })).toEqual([10, 15, 20])
    expect(choose({ kind: 'uniform', count: 2, range: { unit: 'frames', start: 98 } })).toEqual([98, 99])
  })

  test("of seconds: upstream's rule at a constant rate, with the end's frame", () => {
    // round(1 * 24) to round(2 * 24): 25 frames.
    const film: Timeline = { frameCount: 240, rate: 24, duration: 10, timeOf: (index) => Math.round((index * 1000) / 24) / 1000 }
    expect(choose({ kind: 'uniform', count: 8, range: { unit: 'seconds', start: 1, end: 2 } }, film)).toEqual([
      24, 27, 31, 34, 38, 41, 45, 48,
    ])
    expect(choose({ kind: 'uniform', count: 2, range: { unit: 'seconds', start: 1, end: 2 } })).toEqual([10, 20])
    // Python: round(9.5) = 10, round(20.5) = 20.
    expect(choose({ kind: 'uniform', count: 2, range: { unit: 'seconds', start: 0.95, end: 2.05 } })).toEqual([10, 20])
    expect(choose({ kind: 'uniform', count: 9, range: { unit: 'seconds', start: 1.01, end: 1.05 } })).toEqual([10])
    expect(choose({ kind: 'middle', count: 1, range: { unit: 'seconds' } })).toEqual([49])
  })

  test('of a clip with a variable rate: the frames on screen within', () => {
    expect(choose({ kind: 'uniform', count: 9, range: { unit: 'seconds', start: 3, end: 10 } }, uneven)).toEqual([1, 2, 3])
    expect(choose({ kind: 'uniform', count: 9, range: { unit: 'seconds', start: 4, end: 8.9 } }, uneven)).toEqual([2])
    expect(choose({ kind: 'uniform', count: 9, range: { unit: 'seconds', start: 20 } }, uneven)).toEqual([4])
  })

  test("of annotations: exactly upstream's rule, also with a variable rate", () => {
    const range = { unit: 'seconds', rule: 'average-rate' } as const
    // round(t * 0.2), limited to the last frame; an end before the start is the start.
    expect(choose({ kind: 'uniform', count: 9, range: { ...range, start: 3, end: 10 } }, uneven)).toEqual([1, 2])
    expect(choose({ kind: 'uniform', count: 9, range: { ...range, start: 40 } }, uneven)).toEqual([4])
    expect(choose({ kind: 'uniform', count: 9, range: { ...range, start: 10, end: 4 } }, uneven)).toEqual([2])
  })

  test('past the end are cut with a notice', () => {
    const plan = planFrames({ kind: 'uniform', count: 2, range: { unit: 'seconds', start: 9, end: 30 } }, tenSeconds)
    expect(plan.indices).toEqual([90, 99])
    expect(plan.notices).toEqual(['The range ends at 30 s, but the clip has 10 s. It is used up to its end.'])
  })

  test.each<[string, FrameRequest]>([
    ['of no length', { kind: 'uniform', count: 2, range: { unit: 'seconds', start: 4, end: 4 } }],
    ['turned round', { kind: 'middle', count: 2, range: { unit: 'frames', start: 9, end: 3 } }],
    ['beyond the end', { kind: 'uniform', count: 2, range: { unit: 'seconds', start: 10 } }],
    ['beyond the last frame', { kind: 'uniform', count: 2, range: { unit: 'frames', start: 100, end: 120 } }],
    ['an index beyond the end', { kind: 'indices', indices: [3, 100] }],
    ['a time beyond the end', { kind: 'times', times: [10.6] }],
  ])('%s are rejected', (_, request) => {
    expect(failure(request)).toMatchObject({ name: 'TarsierError', code: 'invalid-range' })
  })

  test('the error has the numbers', () => {
    expect(failure({ kind: 'indices', indices: [100] })).toMatchObject({
      message: 'The clip has 100 frames (0 to 99) and lasts 10 s, but frame number 100 is beyond its end. Choose a value within the clip.',
      details: { index: 100, frameCount: 100, duration: 10 },
    })
  })
})

test('takes all frames with a notice if there are fewer than requested', () => {
  const plan = planFrames({ kind: 'uniform', count: 200 }, tenSeconds)
  expect(plan.indices).toHaveLength(100)
  expect(plan.notices).toEqual(['The clip has 100 frames, fewer than the requested 200: all frames are used.'])
})

test.each([
  ['the frame on screen, down to half a millisecond', undefined, [0, 0.999, 0.9995, 1, 3.9, 4, 15.99, 16, 25], [0, 0, 1, 1, 1, 2, 3, 4, 4]],
  ['round(t * rate) for annotations', 'average-rate', [0, 2.4, 2.6, 7.5, 12.5, 24], [0, 0, 1, 2, 2, 4]],
] as const)('times of a clip with a variable rate: %s', (_, rule, times, indices) => {
  expect(choose({ kind: 'times', times: [...times], rule }, uneven)).toEqual(indices)
})

test('rejects a time after the last frame of a clip with a variable rate', () => {
  expect(choose({ kind: 'times', times: [25] }, uneven)).toEqual([4])
  expect(failure({ kind: 'times', times: [25.1] }, uneven)).toMatchObject({ code: 'invalid-range' })
})

test('times rounded to milliseconds still have a constant rate', () => {
  const rounded: Timeline = {
    frameCount: 300,
    rate: 30000 / 1001,
    duration: 10.01,
    timeOf: (index) => Math.round((index * 1001) / 30) / 1000,
  }
  // round(0.025 * 29.97) and round(5.02 * 29.97), though the frames before are on screen.
  expect(choose({ kind: 'times', times: [0.025, 5.02] }, rounded)).toEqual([1, 150])
})

test('times select the nearest frame by the average rate', () => {
  expect(choose({ kind: 'times', times: [0, 0.25, 0.35, 5.12, 9.97] })).toEqual([0, 2, 4, 51, 99])
})

test('keeps the order of indices, with the times of the clip', () => {
  const plan = planFrames({ kind: 'indices', indices: [7, 3, 3] }, tenSeconds)
  expect(plan).toEqual({ indices: [7, 3, 3], times: [0.7, 0.3, 0.3], rate: 0, notices: [] })
})

test.each<[string, FrameRequest]>([
  ['uniform', { kind: 'uniform', count: 16 }],
  ['middle', { kind: 'middle', count: 16 }],
  ['from the start', { kind: 'uniform', count: 16, range: { unit: 'seconds', start: 0, end: 5 } }],
  ['at its only time', { kind: 'times', times: [0] }],
])('a still picture is its one frame: %s', (_, request) => {
  expect(planFrames(request, still)).toEqual({ indices: [0], times: [0], rate: 0, notices: [] })
})

describe('models that see frames together, at a rate', () => {
  const options = { multipleOf: 2, perSecond: 2 }
  const plan = (count: number, timeline = tenSeconds) => planFrames({ kind: 'uniform', count }, timeline, options)

  test.each([
    // smart_nframes of qwen-vl-utils 0.0.10 with max_frames, for 100 frames in ten seconds, then torch.linspace.
    { count: 16, chosen: 16 },
    { count: 15, chosen: 14 },
    { count: 64, chosen: 20 },
    { count: 4, chosen: 4 },
    { count: 2, chosen: 2 },
  ])('at most $count frames are $chosen', ({ count, chosen }) => {
    const { indices, rate } = plan(count)
    expect(indices).toEqual(uniformIndices(100, chosen))
    expect(rate).toBeCloseTo(chosen / 10, 12)
  })

  test('a short clip has four frames, and a notice tells of the rate', () => {
    const short: Timeline = { frameCount: 9, rate: 10, duration: 0.9, timeOf: (index) => index / 10 }
    expect(plan(8, short)).toMatchObject({ indices: [0, 3, 5, 8], notices: [expect.stringContaining('2 frames per second, so 4 frames')] })
  })

  test('a clip with an odd number of frames loses one, and the notice tells how many are used', () => {
    const seven: Timeline = { frameCount: 7, rate: 1, duration: 7, timeOf: (index) => index }
    expect(plan(16, seven)).toMatchObject({ indices: uniformIndices(7, 6), notices: [expect.stringContaining('6 frames of it')] })
  })

  test('one frame stays one, and frames that were chosen one by one are used as they are', () => {
    expect(plan(1).indices).toEqual([0])
    expect(plan(16, still).indices).toEqual([0])
    expect(planFrames({ kind: 'indices', indices: [0, 10, 20] }, tenSeconds, options)).toMatchObject({ indices: [0, 10, 20], rate: 1 })
  })
})

test.each([
  // Qwen3VLVideoProcessor.sample_frames of transformers 4.57.6: frames of the clip, their rate, and max_frames.
  [30, 25, 16, [0, 10, 19, 29]],
  [300, 30, 16, [0, 20, 40, 60, 80, 100, 120, 140, 159, 179, 199, 219, 239, 259, 279, 299]],
  [300, 30, 15, [0, 21, 43, 64, 85, 107, 128, 150, 171, 192, 214, 235, 256, 278, 299]],
  [61, 24000 / 1001, 16, [0, 15, 30, 45, 60]],
  [3, 10, 8, [0, 1, 2]],
  [35, 1, 29, [0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 27, 28, 29, 30, 32, 33, 34]],
])(
  'with a limit per second and a rounded step, %i frames at %f are chosen as by the processor of Qwen3-VL',
  (frameCount, rate, count, indices) => {
    const timeline: Timeline = { frameCount, rate, duration: frameCount / rate, timeOf: (index) => index / rate }
    const plan = planFrames({ kind: 'uniform', count }, timeline, { perSecond: 2, roundedStep: true })
    expect(plan.indices).toEqual(indices)
  },
)
