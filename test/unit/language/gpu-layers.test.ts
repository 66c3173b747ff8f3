import { expect, test } from 'vitest'
import { reservedForTower } from '../../../src/engine/language/gpu-layers.ts'

test.each([
  ['on the only GPU', 2, [8], [], 2],
  // Both lose the same share, so the larger one keeps 2 if 3 remain in all.
  ['on the larger one of two GPUs', 2, [8, 4], [], 3],
  ['on none of them, because it fits on a GPU that the language model does not use', 2, [8], [1, 2], 0],
  ['on none, because it fits on none', 9, [8, 8], [], 0],
  ['on none, because it uses none', 0, [0], [], 0],
])('memory for the tower is reserved %s', (_, tower, free, others, reserved) => {
  expect(reservedForTower(tower, free, others)).toBe(reserved)
})
