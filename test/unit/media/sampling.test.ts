import { describe, expect, test } from 'vitest'
import { middleIndices, planFrames, roundHalfToEven, type Timeline, uniformIndices } from '../../../src/engine/media/sampling.ts'
import type { FrameRequest } from '../../../src/shared/frame-request.ts'

/** 100 frames, ten a second. */
const tenSeconds: Timeline = { frameCount: 100, rate: 10, duration: 10, timeOf: (index) => index / 10 }
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

test("halves go to the even neighbour, as Python's round", () => {
  expect([0.5, 1.5, 2.5, 2.4999, 3.5001, 7].map(roundHalfToEven)).toEqual([0, 2, 2, 2, 4, 7])
})

test('uniform takes the first and the last frame', () => {
  // [round(i * 83 / 7) for i in range(8)] and [round(i * 10 / 4) for i in range(5)]
  expect(uniformIndices(84, 8)).toEqual([0, 12, 24, 36, 47, 59, 71, 83])
  expect(uniformIndices(11, 5)).toEqual([0, 2, 5, 8, 10])
  expect(uniformIndices(84, 1)).toEqual([0])
  expect(uniformIndices(3, 8)).toEqual([0, 1, 2])
})

test('middle takes the middle of each run, the longer runs first', () => {
  expect(middleIndices(10, 3)).toEqual([1, 5, 8])
  expect(middleIndices(16, 4)).toEqual([1, 5, 9, 13])
  expect(middleIndices(9, 1)).toEqual([4])
  expect(middleIndices(2, 8)).toEqual([0, 1])
})

describe('ranges', () => {
  test('of frames, the end not included', () => {
    expect(choose({ kind: 'uniform', count: 3, range: { unit: 'frames', start: 10, end: 21 } })).toEqual([10, 15, 20])
    expect(choose({ kind: 'uniform', count: 2, range: { unit: 'frames', start: 98 } })).toEqual([98, 99])
  })

  test('of seconds: the frames from the start until before the end', () => {
    expect(choose({ kind: 'uniform', count: 2, range: { unit: 'seconds', start: 1, end: 2 } })).toEqual([10, 19])
    expect(choose({ kind: 'uniform', count: 2, range: { unit: 'seconds', start: 0.95, end: 2.05 } })).toEqual([10, 20])
    expect(choose({ kind: 'middle', count: 1, range: { unit: 'seconds' } })).toEqual([49])
  })

  test('by the time stamps of an uneven clip', () => {
    const uneven: Timeline = { frameCount: 5, rate: 1, duration: 26, timeOf: (index) => index * index }
    expect(choose({ kind: 'uniform', count: 9, range: { unit: 'seconds', start: 3, end: 10 } }, uneven)).toEqual([2, 3])
  })

  test('past the end are cut, and it is said', () => {
    const plan = planFrames({ kind: 'uniform', count: 2, range: { unit: 'seconds', start: 9, end: 30 } }, tenSeconds)
    expect(plan.indices).toEqual([90, 99])
    expect(plan.notices).toEqual(['The range ends at 30 s, but the clip has 10 s: it is used up to its end.'])
  })

  test.each<[string, FrameRequest]>([
    ['of no length', { kind: 'uniform', count: 2, range: { unit: 'seconds', start: 4, end: 4 } }],
    ['turned round', { kind: 'middle', count: 2, range: { unit: 'frames', start: 9, end: 3 } }],
    ['beyond the end', { kind: 'uniform', count: 2, range: { unit: 'seconds', start: 10 } }],
    ['beyond the last frame', { kind: 'uniform', count: 2, range: { unit: 'frames', start: 100, end: 120 } }],
    ['between two frames', { kind: 'uniform', count: 2, range: { unit: 'seconds', start: 1.01, end: 1.05 } }],
    ['a frame that is not there', { kind: 'indices', indices: [3, 100] }],
    ['a time that is not there', { kind: 'times', times: [10.6] }],
  ])('%s are refused', (_, request) => {
    expect(failure(request)).toMatchObject({ name: 'TarsierError', code: 'invalid-range' })
  })

  test('the refusal has the numbers', () => {
    expect(failure({ kind: 'indices', indices: [100] })).toMatchObject({
      message: 'The clip has 100 frames (0 to 99) and lasts 10 s, so frame 100 lies beyond its end. Choose within that.',
      details: { index: 100, frameCount: 100, duration: 10 },
    })
  })
})

test('fewer frames than asked for are all taken, and it is said', () => {
  const plan = planFrames({ kind: 'uniform', count: 200 }, tenSeconds)
  expect(plan.indices).toHaveLength(100)
  expect(plan.notices).toEqual(['The clip has 100 frames, fewer than the 200 asked for: all of them are used.'])
})

test('times go to the nearest frame by the average rate', () => {
  expect(choose({ kind: 'times', times: [0, 0.25, 0.35, 5.12, 9.97] })).toEqual([0, 2, 4, 51, 99])
})

test('numbers are taken in the order given, with the times of the clip', () => {
  const plan = planFrames({ kind: 'indices', indices: [7, 3, 3] }, tenSeconds)
  expect(plan).toEqual({ indices: [7, 3, 3], times: [0.7, 0.3, 0.3], notices: [] })
})

test.each<[string, FrameRequest]>([
  ['uniform', { kind: 'uniform', count: 16 }],
  ['middle', { kind: 'middle', count: 16 }],
  ['from the start', { kind: 'uniform', count: 16, range: { unit: 'seconds', start: 0, end: 5 } }],
  ['at its only time', { kind: 'times', times: [0] }],
])('a still picture is its one frame: %s', (_, request) => {
  expect(planFrames(request, still)).toEqual({ indices: [0], times: [0], notices: [] })
})
