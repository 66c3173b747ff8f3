import { expect, test } from 'vitest'
import { stretchPositions } from '../../../../src/engine/families/qwen3-vl/learned-positions.ts'

test('corners of the grid have the learned positions of the corners, and patches between them parts of several', () => {
  // 2 by 4 patches in cells of 2, over 3 by 3 positions: columns lie at 0, 2/3, 4/3 and 2.
  const { corners, shares } = stretchPositions(2, 4, 2, 3)
  const patch = (i: number) => ({ corners: [...corners.slice(i * 4, i * 4 + 4)], shares: [...shares.slice(i * 4, i * 4 + 4)] })
  expect(patch(0)).toEqual({ corners: [0, 1, 3, 4], shares: [1, 0, 0, 0] })
  expect(patch(1).corners).toEqual([0, 1, 3, 4])
  expect(patch(1).shares[1]).toBeCloseTo(2 / 3)
  // The third patch in merged order is below the first.
  expect(patch(2)).toEqual({ corners: [6, 7, 6, 7], shares: [1, 0, 0, 0] })
  expect(patch(4).shares[1]).toBeCloseTo(1 / 3)
  expect(patch(7)).toEqual({ corners: [8, 8, 8, 8], shares: [1, 0, 0, 0] })
})

test.each([
  [4, 4, 12],
  [10, 14, 48],
  [2, 62, 48],
  [60, 34, 6],
])('every patch of %i by %i has shares with a sum of 1 of existing positions', (rows, columns, side) => {
  const { corners, shares } = stretchPositions(rows, columns, 2, side)
  for (let i = 0; i < rows * columns; i += 1) {
    expect(shares.slice(i * 4, i * 4 + 4).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
    for (const corner of corners.slice(i * 4, i * 4 + 4)) expect(corner >= 0 && corner < side ** 2).toBe(true)
  }
})
