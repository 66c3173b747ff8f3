import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseApng } from '../../../src/engine/media/apng-file.ts'
import { parseGif } from '../../../src/engine/media/gif-file.ts'
import { isAnimatedWebp, parseWebp } from '../../../src/engine/media/webp-file.ts'
import { mutations } from '../../helpers/mutations.ts'

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../fixtures/media/${name}`, import.meta.url)))

const READERS = [
  ['soft-lossy.webp', parseWebp],
  ['holes-lossless.webp', parseWebp],
  ['soft-21.png', parseApng],
  ['palette.apng.png', parseApng],
  ['3.gif', parseGif],
] as const

test.each(READERS)('pictures of a changed %s stay on the canvas', (name, parse) => {
  const bytes = read(name)
  const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(edits, fc.nat(bytes.length), (changes, cut) => {
      const changed = bytes.slice(0, cut % 3 === 0 ? cut : bytes.length)
      for (const [at, value] of changes) changed[at % Math.max(1, changed.length)] = value
      const { width, height, frames } = parse(changed)
      for (const frame of frames) {
        expect(frame.left + frame.width).toBeLessThanOrEqual(width)
        expect(frame.top + frame.height).toBeLessThanOrEqual(height)
        expect(frame.duration).toBeGreaterThanOrEqual(0)
        if ('file' in frame) expect(frame.file().length).toBeLessThan(changed.length + 200 + 12 * changed.length)
      }
    }),
    mutations(300),
  )
})

test('a WebP of one picture is no animation', () => {
  expect(isAnimatedWebp(read('lossless.webp'))).toBe(false)
  expect(isAnimatedWebp(read('soft-lossy.webp'))).toBe(true)
})

test('the default image is not a frame', () => {
  expect(parseApng(read('default-image.png')).frames.length).toBe(4)
  expect(parseApng(read('opaque-00.png')).frames.length).toBe(5)
})
