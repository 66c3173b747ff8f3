import { describe, expect, it } from 'vitest'
import { curveOf, findOnset } from '../../../src/engine/events/onsets.ts'

const times = Array.from({ length: 16 }, (_, i) => i * 0.2)

describe('findOnset', () => {
  it('finds a sharp step, and subtracts the delay', () => {
    // "and then spins", of a motion that begins at frame 8.5
    const curve = [-7.8, -11.1, -11.2, -7.6, -7.3, -8.4, -7.9, -9.2, -11.6, 0, 0, 0, 0, 0, 0, 0]
    const onset = findOnset(Float64Array.from(curve), times)
    expect(onset).toMatchObject({ lastBefore: 8, firstAfter: 9 })
    expect(Math.abs((onset.time ?? 0) - 8.5 * 0.2)).toBeLessThan(0.2)
    expect(onset.confidence).toBeGreaterThan(0.9)
  })

  it('gives no time without a step', () => {
    expect(findOnset(new Float64Array(16).fill(-0.1), times)).toMatchObject({ time: null, confidence: 0 })
    expect(findOnset(new Float64Array(16).fill(-12), times)).toMatchObject({ time: null, confidence: 0 })
    expect(findOnset(new Float64Array(0), [])).toMatchObject({ time: null, confidence: 0 })
  })

  it('gives an event that is visible in the first frames the start of the clip', () => {
    const curve = Float64Array.from([-9, -3, ...new Array<number>(14).fill(-0.1)])
    expect(findOnset(curve, times).time).toBe(0)
  })
})

describe('curveOf', () => {
  it('adds up the tokens of the clause, without an article at its beginning and the full stop', () => {
    const starts = [0, 1, 5, 10, 14, 19]
    //             A| cat| sits| and| runs|.
    const scores = [Float64Array.from([-1, -2, -4, -8, -16, -32])]
    expect([...curveOf(scores, starts, { text: 'A cat sits', start: 0 })]).toEqual([-6])
    expect([...curveOf(scores, starts, { text: 'and runs.', start: 11 })]).toEqual([-24])
  })
})
