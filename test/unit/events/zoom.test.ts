import { describe, expect, it } from 'vitest'
import { findOnset } from '../../../src/engine/events/onsets.ts'
import { findStepWithin, planLook, refinedOnset } from '../../../src/engine/events/zoom.ts'

/** 16 frames of a clip with 12 frames a second, 6 frames apart. */
const frames = Array.from({ length: 16 }, (_, i) => ({ index: i * 6, time: i / 2 }))
const onset = findOnset(
  Float64Array.from([-9, -9, -9, -9, -9, -9, -9, -9, 0, 0, 0, 0, 0, 0, 0, 0]),
  frames.map(({ time }) => time),
)

describe('planLook', () => {
  it('adds frames from before the step to after it, at most four for each interval', () => {
    const look = planLook({ frames, onset }, 0)
    expect(look).toEqual({ from: 7, indices: Array.from({ length: 9 }, (_, i) => 36 + 2 * (i + 1)) })
  })

  it('keeps to the precision, and ends when it is reached', () => {
    expect(planLook({ frames, onset }, 0.25)?.indices).toEqual([39, 42, 45, 48, 51, 54])
    expect(planLook({ frames, onset }, 0.5)).toBeNull()
    const neighbors = frames.map(({ time }, i) => ({ index: i, time }))
    expect(planLook({ frames: neighbors, onset }, 0)).toBeNull()
  })

  it('takes fewer frames where not all fit, and does not look with too few', () => {
    expect(planLook({ frames, onset }, 0, () => 6)?.indices).toEqual([39, 42, 45, 48, 51, 54])
    expect(planLook({ frames, onset }, 0, () => 5)).toBeNull()
  })

  it('does not look where there is no step, or where the event begins with the clip', () => {
    expect(planLook({ frames, onset: { ...onset, time: null } }, 0)).toBeNull()
    expect(planLook({ frames, onset: { ...onset, time: 0 } }, 0)).toBeNull()
  })
})

describe('findStepWithin', () => {
  const closer = [...frames.slice(0, 7).map(({ time }) => time), ...Array.from({ length: 12 }, (_, i) => 3 + (i + 1) / 8)]
  const low = new Array<number>(7).fill(-9)
  const stepOf = (values: readonly number[]) => findStepWithin(Float64Array.from([...low, ...values]), closer, 7)

  it('finds a sharp step between two frames', () => {
    const step = stepOf([-9, -9, -9, -9, -9, -9, 0, 0, 0, 0, 0, 0])
    expect(step).toMatchObject({ lastBefore: 12, firstAfter: 13, rise: 9 })
    expect(Math.abs((step?.time ?? 0) - (closer[12] as number))).toBeLessThan(0.1)
  })

  it('ignores frames after the step at which the model doubts again', () => {
    expect(stepOf([-9, -9, -9, -9, 0, 0, 0, -6, 0, 0, 0, 0])).toMatchObject({ lastBefore: 10, firstAfter: 11 })
  })

  it('finds none in a flat curve', () => {
    expect(stepOf(new Array<number>(12).fill(-9))).toBeNull()
  })
})

describe('refinedOnset', () => {
  const further = Array.from({ length: 12 }, (_, i) => ({ index: 36 + ((i + 1) * 6) / 4, time: 3 + (i + 1) / 8 }))
  const refine = (values: readonly number[]) =>
    refinedOnset(
      { frames, onset },
      [...frames.slice(0, 7), ...further],
      Float64Array.from([...new Array<number>(7).fill(-9), ...values]),
      7,
    )

  it('takes the time of a clear step near the time before', () => {
    expect(refine([-9, -9, -9, -9, -9, -9, 0, 0, 0, 0, 0, 0])).toMatchObject({ lastBefore: 12, firstAfter: 13 })
  })

  it('rejects a step that is far from the one before', () => {
    const late = { ...onset, time: 3.9, lastBefore: 7, firstAfter: 8 }
    const curve = Float64Array.from([...new Array<number>(7).fill(-9), ...new Array<number>(12).fill(0)])
    expect(refinedOnset({ frames, onset: late }, [...frames.slice(0, 7), ...further], curve, 7)).toBeNull()
  })

  it('rejects steps that are low, slow or at the end of the look', () => {
    expect(refine([-9, -9, -9, -9, -9, -9, -9, -9, -9, -9, 0, 0])).toBeNull()
    expect(refine([-9, -9, -9, -9, -9, -9, -6, -6, -6, -6, -6, -6])).toBeNull()
    expect(refine([-9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 0, 0])).toBeNull()
  })
})
