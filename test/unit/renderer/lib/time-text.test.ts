import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clockText, durationText, parseClock } from '../../../../src/renderer/lib/time-text.ts'

test('formats times as players do', () => {
  expect(clockText(0)).toBe('0:00.00')
  expect(clockText(7.256)).toBe('0:07.26')
  expect(clockText(59.999)).toBe('1:00.00')
  expect(clockText(3723.5)).toBe('1:02:03.50')
  expect(clockText(3723.5, 0)).toBe('1:02:04')
})

test('parses formatted times', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000_000 }),
      (hundredths) => parseClock(clockText(hundredths / 100))?.toFixed(2) === (hundredths / 100).toFixed(2),
    ),
  )
})

test.each(['', 'x', '1:', '1:2:3:4', '1.5:03', '-1', '1e3'])('%j is no time', (text) => expect(parseClock(text)).toBeNull())
test.each([
  ['7', 7],
  ['.5', 0.5],
  ['1:02', 62],
  ['0:07,25', 7.25],
] as const)('%j is %d seconds', (text, seconds) => expect(parseClock(text)).toBe(seconds))

test('formats durations in the two largest units', () => {
  expect([0.2, 59, 125, 180, 3840].map(durationText)).toEqual(['under 1 s', '59 s', '2 min 5 s', '3 min', '1 h 4 min'])
})
