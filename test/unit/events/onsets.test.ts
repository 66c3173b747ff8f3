import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { curveOf, findOnset } from '../../../src/engine/events/onsets.ts'

/** A line of the file that `tools/demo-model/record-curves.ts` writes. */
interface RecordedCurve {
  readonly clip: number
  readonly clause: string
  readonly begins: number
  readonly times: readonly number[]
  readonly curve: readonly number[]
}

const times = Array.from({ length: 16 }, (_, i) => i * 0.2)
const onsetOf = (curve: readonly number[]) => findOnset(Float64Array.from(curve), times)

describe('findOnset', () => {
  it('finds a sharp step', () => {
    // "and then spins", of a motion that begins at frame 8.5
    const onset = onsetOf([-7.8, -11.1, -11.2, -7.6, -7.3, -8.4, -7.9, -9.2, -11.6, 0, 0, 0, 0, 0, 0, 0])
    expect(onset).toMatchObject({ lastBefore: 8, firstAfter: 9 })
    expect(Math.abs((onset.time ?? 0) - 8.5 * 0.2)).toBeLessThan(0.1)
    expect(onset.confidence).toBeGreaterThan(0.9)
  })

  it('takes the foot of a slow rise, and is less confident', () => {
    const onset = onsetOf([-12, -12, -12, -12, -12, -12, -12, -9, -3.5, 0, 0, 0, 0, 0, 0, 0])
    expect(onset).toMatchObject({ lastBefore: 6, firstAfter: 9 })
    expect(onset.time).toBeGreaterThan(6 * 0.2)
    expect(onset.time).toBeLessThan(7 * 0.2)
    expect(onset.confidence).toBeLessThan(0.6)
  })

  it('takes the last of two steps', () => {
    // "and then disappears": the motion before ends at frame 6, and the object is gone at frame 10.5.
    const onset = onsetOf([-12, -12, -12, -12, -12, -12, -12, -6, -6, -6, -6, 0, 0, 0, 0, 0])
    expect(onset).toMatchObject({ lastBefore: 10, firstAfter: 11 })
    expect(onset.time).toBeGreaterThan(10 * 0.2)
    expect(onset.time).toBeLessThan(11 * 0.2)
  })

  it('is not misled by a single low frame after the step', () => {
    const onset = onsetOf([-9, -9, -9, -9, -9, -9, 0, 0, 0, 0, -5, 0, 0, 0, 0, 0])
    expect(onset).toMatchObject({ lastBefore: 5, firstAfter: 6 })
  })

  it('takes what is seen within the first frames, or slowly from the first on, for something that begins with the clip', () => {
    expect(onsetOf([-9, -3, ...new Array<number>(14).fill(-0.1)]).time).toBe(0)
    expect(onsetOf([-14.6, -12.8, -11.9, -11.5, ...new Array<number>(12).fill(0)]).time).toBeGreaterThan(3 * 0.2)
    expect(onsetOf([-4.7, -3.5, -2.8, -2.2, -1.7, -1.7, -1.4, -1.2, -1, -0.8, -0.5, -0.2, 0, 0, 0, 0]).time).toBe(0)
  })

  it('gives no time without a step, for a slow rise, or if only the last frame is high', () => {
    expect(onsetOf(new Array<number>(16).fill(-0.1))).toMatchObject({ time: null, confidence: 0 })
    expect(onsetOf(new Array<number>(16).fill(-12))).toMatchObject({ time: null, confidence: 0 })
    expect(onsetOf([])).toMatchObject({ time: null, confidence: 0 })
    expect(onsetOf([...new Array<number>(15).fill(-12), 0]).time).toBeNull()
    expect(onsetOf([-9, -9, -9, -9, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 0, 0]).time).toBeNull()
  })

  it('finds the beginnings of events in recorded curves', () => {
    const path = new URL('../../fixtures/events/curves.jsonl', import.meta.url)
    const recorded = readFileSync(path, 'utf8').trim().split('\n')
    const errors = recorded.flatMap((line) => {
      const { begins, times: seconds, curve } = JSON.parse(line) as RecordedCurve
      const { time } = findOnset(Float64Array.from(curve), seconds)
      return time === null ? [] : [{ begins, error: Math.abs(time - begins) / (seconds.at(-1) as number) }]
    })
    const mean = (all: typeof errors) => all.reduce((sum, { error }) => sum + error, 0) / all.length
    expect(errors.length).toBeGreaterThan(0.9 * recorded.length)
    expect(mean(errors)).toBeLessThan(0.025)
    expect(mean(errors.filter(({ begins }) => begins > 0))).toBeLessThan(0.045)
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
