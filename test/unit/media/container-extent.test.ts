import { expect, test } from 'vitest'
import { promisedBytes } from '../../../src/engine/media/container-extent.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

test('reads the size of an AVI', () => {
  expect(promisedBytes(hex('52494646 10270000 41564920'))).toBe(10_008)
  expect(promisedBytes(hex('52494646 00000000 41564920'))).toBeNull()
})

test('reads the size of a Matroska segment', () => {
  // The header is 4 + 1 + 2 bytes long; the segment starts with its id and a length of 1, 2 or 8 bytes.
  expect(promisedBytes(hex('1a45dfa3 82 0000 18538067 90'))).toBe(7 + 4 + 1 + 16)
  expect(promisedBytes(hex('1a45dfa3 82 0000 18538067 4100'))).toBe(7 + 4 + 2 + 256)
  expect(promisedBytes(hex('1a45dfa3 82 0000 18538067 0100000000001000'))).toBe(7 + 4 + 8 + 4096)
})

test.each([
  ['a live recording', '1a45dfa3 82 0000 18538067 01ffffffffffffff'],
  ['a header cut short', '1a45dfa3 82 0000 185380'],
  ['a length cut short', '1a45dfa3 82 0000 18538067 0100'],
  ['a length of zero', '1a45dfa3 00 0000 18538067 90'],
  ['something else', '00000018 66747970 69736f6d 00000000'],
  ['nothing', ''],
])('%s has none', (_, bytes) => {
  expect(promisedBytes(hex(bytes))).toBeNull()
})
