import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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
])('says %d bytes as %j', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})

it('lets a small difference show where two sizes are held against each other', () => {
  expect(megabytesText(7_001_000_001)).toBe('7,002 MB')
  expect(megabytesText(0)).toBe('0 MB')
})

it('is the only way sizes are said', () => {
  const src = new URL('../../../src', import.meta.url).pathname
  const saying = readdirSync(src, { recursive: true, encoding: 'utf8' })
    // The benchmarks are being written elsewhere; they join when they are done.
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('bench'))
    .filter((name) => {
      const code = readFileSync(join(src, name), 'utf8').replace(/\/\*.*?\*\/|\/\/.*$/gms, '')
      return /[KMGT]iB\b/.test(code) || (name !== join('shared', 'size-text.ts') && /\} ?[KMGT]B\b/.test(code))
    })
  expect(saying).toEqual([])
})
