import { expect, test } from 'vitest'
import { framePlanes, positionAfterClip } from '../../../src/engine/language/clip-positions.ts'

test('a frame has its number in t, its rows in h, its columns in w, counted from the start of the clip', () => {
  // Qwen2-VL's get_rope_index for a 2 by 3 grid that starts at position 7, third frame.
  expect([...framePlanes('grid', 7, 2, { grid: [2, 3], rows: 6 })]).toEqual([9, 9, 9, 9, 9, 9, 7, 7, 7, 8, 8, 8, 7, 8, 9, 7, 8, 9])
})

test.each([
  { frames: 16, rows: 4, columns: 4, after: 23 },
  { frames: 2, rows: 5, columns: 3, after: 12 },
  { frames: 1, rows: 2, columns: 9, after: 16 },
])('text continues after the largest of frames, rows and columns ($frames, $rows, $columns)', ({ frames, rows, columns, after }) => {
  expect(positionAfterClip('grid', 7, frames, { grid: [rows, columns], rows: rows * columns })).toBe(after)
})

test('without planes, every row including separators has its own position, and text continues after the last', () => {
  // A 2 by 2 grid with a separator after each row and one after the frame.
  const frame = { grid: [2, 2], rows: 7 } as const
  const third = [21, 22, 23, 24, 25, 26, 27]
  expect([...framePlanes('line', 7, 2, frame)]).toEqual([...third, ...third, ...third])
  expect(positionAfterClip('line', 7, 3, frame)).toBe(28)
})
