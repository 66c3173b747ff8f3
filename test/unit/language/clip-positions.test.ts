import { expect, test } from 'vitest'
import { markAfterClip, positionAfterClip, slicePlanes } from '../../../src/engine/language/clip-positions.ts'

test('a frame has its number in t, its rows in h, its columns in w, counted from the start of the clip', () => {
  // Qwen2-VL's get_rope_index for a 2 by 3 grid that starts at position 7, third frame.
  expect([...slicePlanes('grid', 7, 2, { grid: [2, 3], rows: 6 })]).toEqual([9, 9, 9, 9, 9, 9, 7, 7, 7, 8, 8, 8, 7, 8, 9, 7, 8, 9])
})

test.each([
  { frames: 16, rows: 4, columns: 4, after: 23 },
  { frames: 2, rows: 5, columns: 3, after: 12 },
  { frames: 1, rows: 2, columns: 9, after: 16 },
])('text continues after the largest of frames, rows and columns ($frames, $rows, $columns)', ({ frames, rows, columns, after }) => {
  expect(positionAfterClip('grid', 7, frames, { grid: [rows, columns], rows: rows * columns })).toBe(after)
})

test('with a pace, t is the time of a slice, rounded down after rounding to 32 bits', () => {
  // Qwen2.5-VL's get_rope_index of transformers 4.49.0 with second_per_grid_ts 0.85 and 2 positions per second: 0, 1.7, 3.4, 5.1.
  const tokens = { grid: [1, 2], rows: 2, pace: { seconds: 0.85, positionsPerSecond: 2 } } as const
  const times = [0, 1, 2, 3].map((slice) => slicePlanes('grid', 7, slice, tokens)[0])
  expect(times).toEqual([7, 8, 10, 12])
  expect([1, 2, 3, 4].map((slices) => positionAfterClip('grid', 7, slices, tokens))).toEqual([9, 9, 11, 13])
})

test('without planes, every row including separators has its own position, and text continues after the last', () => {
  // A 2 by 2 grid with a separator after each row and one after the frame.
  const frame = { grid: [2, 2], rows: 7 } as const
  const third = [21, 22, 23, 24, 25, 26, 27]
  expect([...slicePlanes('line', 7, 2, frame)]).toEqual([...third, ...third, ...third])
  expect(positionAfterClip('line', 7, 3, frame)).toBe(28)
})

test('slices with text between them take the positions of their longer side, and the text those of text', () => {
  const tokens = { grid: [2, 3], rows: 6 } as const
  const head = { cells: 5, position: 5 }
  expect([1, 2, 3].map((slices) => markAfterClip('grid', head, slices, tokens, [0, 4, 7]))).toEqual([
    { cells: 11, position: 8 },
    { cells: 21, position: 15 },
    { cells: 34, position: 25 },
  ])
  expect(markAfterClip('grid', head, 3, tokens)).toEqual({ cells: 23, position: positionAfterClip('grid', 5, 3, tokens) })
})
