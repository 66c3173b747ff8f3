import { describe, expect, test } from 'vitest'
import { aggregateDream } from '../../../../src/bench/metrics/dream.ts'
import { aggregateOpenEnded } from '../../../../src/bench/metrics/open-ended.ts'
import type { DreamVerdict } from '../../../../src/bench/metrics/verdicts.ts'

const verdict = (dataset: string, recall: [number, number], precision: [number, number], n: number): DreamVerdict => ({
  key: `${dataset}-${n}`,
  dataset,
  extraInfo: { n_subjects: n, n_shots: n, n_events: n },
  recall: { entailed: recall[0], total: recall[1] },
  precision: { entailed: precision[0], total: precision[1] },
})

describe('AutoDQ', () => {
  test('averages samples per sub task, and sub tasks for the total', () => {
    const scores = aggregateDream(
      [
        verdict('DREAM/b', [1, 2], [1, 4], 1),
        verdict('DREAM/b', [2, 2], [3, 4], 2),
        verdict('DREAM/b', [0, 2], [2, 4], 3),
        verdict('DREAM/a', [1, 4], [1, 1], 5),
      ],
      ['DREAM/a', 'DREAM/c'],
    )
    expect([...scores.tasks.keys()]).toEqual(['DREAM/a', 'DREAM/b', 'DREAM/c'])
    expect(scores.tasks.get('DREAM/b')).toEqual({ f1: 0.5, recall: 0.5, precision: 0.5, success: 3, failed: 0 })
    expect(scores.tasks.get('DREAM/a')).toEqual({ f1: 0.4, recall: 0.25, precision: 1, success: 1, failed: 1 })
    expect(scores.tasks.get('DREAM/c')).toMatchObject({ recall: Number.NaN, success: 0, failed: 1 })
    // (0.5 + 0.25) / 2 and (0.5 + 1) / 2, not the means over four samples
    expect(scores.overall).toEqual({ f1: 0.5, recall: 0.375, precision: 0.75, success: 4, failed: 2 })
  })

  test('scores a text without events 1, and F1 0 where nothing is right', () => {
    expect(aggregateDream([verdict('DREAM/a', [0, 0], [0, 0], 1)], []).overall).toMatchObject({ f1: 1, recall: 1, precision: 1 })
    expect(aggregateDream([verdict('DREAM/a', [0, 3], [0, 3], 1)], []).overall).toMatchObject({ f1: 0, recall: 0, precision: 0 })
  })

  test('groups samples by subjects, shots and events', () => {
    const verdicts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 20].map((n) => verdict('DREAM/a', [1, 1], [1, 2], n))
    const { buckets } = aggregateDream([...verdicts, { ...verdict('DREAM/a', [0, 1], [0, 1], 0), extraInfo: {} }], [])
    expect(buckets.subjects.map(({ name, count }) => [name, count])).toEqual([
      ['<=1', 2],
      ['==2', 1],
      ['==3', 1],
      ['>=4', 6],
    ])
    expect(buckets.shots.map(({ count }) => count)).toEqual([2, 1, 1, 6])
    expect(buckets.events.map(({ name, count }) => [name, count])).toEqual([
      ['<=3', 4],
      ['in [4, 5]', 2],
      ['in [6, 7]', 2],
      ['>=8', 2],
    ])
    expect(buckets.events[0]).toMatchObject({ recall: 1, precision: 0.5, f1: 2 / 3 })
  })

  test('takes numbers in strings for numbers, like upstream, and nothing else', () => {
    const verdicts = ['2', ' 3 ', '', 'many', null, true].map((n_shots) => ({
      ...verdict('DREAM/a', [1, 1], [1, 2], 0),
      extraInfo: { n_shots },
    }))
    const { shots } = aggregateDream(verdicts, []).buckets
    expect(shots.map(({ count }) => count)).toEqual([0, 1, 1, 0])
  })
})

test('open answers have an accuracy and an average score', () => {
  const verdicts = [true, true, false].map((correct, i) => ({ key: String(i), dataset: 'MSVD-QA-val', correct, score: correct ? 4 : 1 }))
  expect(aggregateOpenEnded(verdicts, 2)).toEqual({ accuracy: 2 / 3, averageScore: 3, success: 3, failed: 2 })
  expect(aggregateOpenEnded([], 1)).toEqual({ accuracy: Number.NaN, averageScore: Number.NaN, success: 0, failed: 1 })
})
