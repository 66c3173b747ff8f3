import { expect, test } from 'vitest'
import { published } from '../../../src/bench/leaderboard.ts'
import { f1Of } from '../../../src/bench/metrics/dream.ts'
import { type DreamTriple, dreamKinds } from '../../../src/shared/contract/bench.ts'

/** The largest effect on F1 of rounding three figures to one decimal. */
const ROUNDED = 0.11

test.each(published.map((row) => [row.model, row] as const))('the figures of %s are consistent', (_model, { overall, kinds }) => {
  const expectF1 = ({ f1, precision, recall }: DreamTriple) => expect(Math.abs(f1Of(recall, precision) - f1)).toBeLessThan(ROUNDED)
  expectF1(overall)
  const all = dreamKinds.flatMap((kind) => kinds[kind] ?? [])
  for (const triple of all) expectF1(triple)
  if (all.length === 0) return
  expect(all).toHaveLength(dreamKinds.length)
  // Overall recall and precision are the means over the kinds.
  for (const figure of ['recall', 'precision'] as const) {
    const mean = all.reduce((sum, triple) => sum + triple[figure], 0) / all.length
    expect(Math.abs(mean - overall[figure])).toBeLessThan(ROUNDED)
  }
})

test('every figure has a source, and none occurs twice', () => {
  for (const { source } of published) expect(source.address).toMatch(/^https:\/\//)
  expect(new Set(published.map(({ model }) => model)).size).toBe(published.length)
})
