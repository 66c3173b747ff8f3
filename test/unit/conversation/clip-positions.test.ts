import { expect, test } from 'vitest'
import { framePlanes, positionAfterClip } from '../../../src/engine/conversation/clip-positions.ts'

test('a frame has its number in t, its rows in h, its columns in w, all from the start of the clip', () => {
  // Qwen2-VL's get_rope_index for a 2 by 3 grid that begins at position 7, third frame.
  expect([...framePlanes(7, 2, 2, 3)]).toEqual([9, 9, 9, 9, 9, 9, 7, 7, 7, 8, 8, 8, 7, 8, 9, 7, 8, 9])
})

test.each([
  { frames: 16, rows: 4, columns: 4, after: 23 },
  { frames: 2, rows: 5, columns: 3, after: 12 },
  { frames: 1, rows: 2, columns: 9, after: 16 },
])('text goes on past the largest of frames, rows and columns ($frames, $rows, $columns)', ({ frames, rows, columns, after }) => {
  expect(positionAfterClip(7, frames, rows, columns)).toBe(after)
})
