import { expect, it } from 'vitest'
import { megabytesText, sizeText } from '../../../src/shared/size-text.ts'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 KB'],
  [3_400_000, '3.4 MB'],
  [9_960_000, '10 MB'],
  [999_600_000, '1.0 GB'],
  [16_590_000_000, '17 GB'],
])('formats %d bytes as %j', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})

it('shows small differences when two sizes are compared', () => {
  expect(megabytesText(7_001_000_001)).toBe('7,002 MB')
  expect(megabytesText(0)).toBe('0 MB')
})
