import { expect, test } from 'vitest'
import { rowsOf } from '../../../../src/renderer/lib/batch-labels.ts'
import type { BatchJob } from '../../../../src/shared/contract/batch.ts'

const job: BatchJob = {
  id: 'a',
  title: 'Many',
  question: null,
  settings: {},
  state: 'paused',
  counts: { waiting: 700, running: 1, done: 250, failed: 40, skipped: 9 },
  refused: [],
  created: 0,
  secondsLeft: null,
}

test.each([
  ['all rows', null, 1000],
  ['rows of one state', 'done', 250],
] as const)('the table has %s', (_, filter, rows) => {
  expect(rowsOf(job, filter)).toBe(rows)
})
