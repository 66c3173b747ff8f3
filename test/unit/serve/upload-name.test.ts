import { expect, test } from 'vitest'
import { nameFor } from '../../../src/serve/upload.ts'

test.each([
  ['clip.mp4', 'clip.mp4'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Videos\\am Meer.mov', 'am Meer.mov'],
  ['a\u0000b\u202e.mp4', 'ab.mp4'],
  ['', 'clip'],
  ['..', 'clip'],
  ['   ', 'clip'],
  ['🎬'.repeat(300), '🎬'.repeat(255)],
])('%j is shown as %j', (given, shown) => {
  expect(nameFor(given)).toBe(shown)
})
