import { expect, test } from 'vitest'
import { windowsOf } from '../../../../src/engine/families/qwen2-5-vl/windows.ts'

test('windows are cut from the upper left; patches have the numbers of merged order, and places outside the grid have none', () => {
  // 2 by 6 patches in cells of 2, windows of 4 by 4: the second window has two columns, and both have two rows.
  const { count, patches, places } = windowsOf(2, 6, 2, 4)
  expect(count).toBe(2)
  const none = Array<number>(8).fill(-1)
  expect([...patches]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, ...none, 8, 9, -1, -1, 10, 11, -1, -1, ...none])
  expect([...places]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 16, 17, 20, 21])
})

test.each([
  [4, 4],
  [10, 14],
  [26, 20],
  [2, 62],
  [8, 8],
])('every patch of a grid of %i by %i has one place', (rows, columns) => {
  const { count, patches, places } = windowsOf(rows, columns, 2, 8)
  expect(count).toBe(Math.ceil(rows / 8) * Math.ceil(columns / 8))
  expect([...places].map((place) => patches[place])).toEqual(Array.from({ length: rows * columns }, (_, i) => i))
  expect(patches.filter((patch) => patch >= 0).length).toBe(rows * columns)
})
