import { expect, it } from 'vitest'
import { verdictOn } from '../../../src/engine/vision/tower-self-test.ts'

const WIDTH = 8
const expected = [Float32Array.from({ length: 4 * WIDTH }, (_, i) => Math.sin(i))]
const noisy = (size: number) => [Float32Array.from(expected[0]!, (value, i) => value + size * (i % 2 === 0 ? 1 : -1))]

it.each([
  ['f32', 5e-4, 'exact'],
  ['f32', 5e-3, 'wrong'],
  ['f16', 5e-4, 'exact'],
  ['f16', 5e-3, 'near'],
  ['f16', 5e-1, 'wrong'],
  ['int8', 5e-3, 'near'],
  ['int8', 3e-2, 'wrong'],
  ['int4', 3e-2, 'near'],
  ['int4', 1e-1, 'wrong'],
] as const)('rates rows of a tower in %s that are off by %f %s', (precision, noise, level) => {
  expect(verdictOn(expected, noisy(noise), WIDTH, precision).level).toBe(level)
})

it('reports how far off they are', () => {
  expect(verdictOn(expected, noisy(0.1), WIDTH, 'f32').detail).toMatch(
    /^its rows differ from the CPU's by 1\.0e-1 of their size, .* \(at most 0\.001 is allowed\)$/,
  )
})

it.each([Number.NaN, Number.POSITIVE_INFINITY])('rejects rows with %f in any precision', (value) => {
  const rows = [Float32Array.from(expected[0]!, (old, i) => (i === 3 ? value : old))]
  expect(verdictOn(expected, rows, WIDTH, 'f16').level).toBe('wrong')
})

it('rejects too few rows', () => {
  expect(verdictOn(expected, [], WIDTH, 'f16').level).toBe('wrong')
})
