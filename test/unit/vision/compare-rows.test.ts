import { describe, expect, it } from 'vitest'
import { compareRows } from '../../../src/engine/vision/compare-rows.ts'

describe('the error of a tower', () => {
  const exact = [Float32Array.of(1, 0, 0, 2), Float32Array.of(3, 4)]

  it('is the mean and the worst cosine of the rows of all frames', () => {
    const rows = [Float32Array.of(2, 0, 3, 4), Float32Array.of(3, 4)]
    expect(compareRows(exact, rows, 2, 1)).toEqual({ clips: 1, rows: 3, cosine: 0.933333, worst: 0.8 })
  })

  it('treats rows of zeros as equal only to rows of zeros', () => {
    const zeros = [new Float32Array(4), new Float32Array(2)]
    expect(compareRows(zeros, zeros, 2, 2)).toEqual({ clips: 2, rows: 3, cosine: 1, worst: 1 })
    expect(compareRows(exact, zeros, 2, 2)).toEqual({ clips: 2, rows: 3, cosine: 0, worst: 0 })
  })

  it('is undefined for other frames', () => {
    expect(() => compareRows(exact, [Float32Array.of(1)], 2, 1)).toThrow(RangeError)
  })
})
