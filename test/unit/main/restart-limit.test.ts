import { expect, test } from 'vitest'
import { RestartLimit } from '../../../src/main/restart-limit.ts'

test('allows three restarts in five minutes, and another when the first has expired', () => {
  const limit = new RestartLimit()
  const minute = 60_000
  expect([0, 1, 2, 3].map((at) => limit.take(at * minute))).toEqual([true, true, true, false])
  expect([5, 5, 6].map((at) => limit.take(at * minute))).toEqual([true, false, true])
})
