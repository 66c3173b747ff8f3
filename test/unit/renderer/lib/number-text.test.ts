import { expect, test } from 'vitest'
import { typedNumber } from '../../../../src/renderer/lib/number-text.ts'

const whole = { min: 1, max: 256, step: 1 }

test('a typed number is rounded to its step and kept within its bounds', () => {
  expect(typedNumber(' 12 ', whole)).toBe(12)
  expect(typedNumber('12,6', whole)).toBe(13)
  expect(typedNumber('900', whole)).toBe(256)
  expect(typedNumber('0,25', { min: 0.01, max: 60, step: 0.01 })).toBe(0.25)
})

test('an empty text means the default, and a text that is no number means nothing', () => {
  expect(typedNumber('  ', whole)).toBeNull()
  expect(typedNumber('12o', whole)).toBeUndefined()
  expect(typedNumber('1e999', whole)).toBeUndefined()
})
