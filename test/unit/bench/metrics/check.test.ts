import { describe, expect, it } from 'vitest'
import { type CheckedPair, checkAnswer, checkedPairs, checkFigures, findsFalseWord } from '../../../../src/bench/metrics/check.ts'
import { checkReport } from '../../../../src/bench/report/check-report.ts'
import { predictionOf } from '../../../helpers/predictions.ts'

/** "A red star spins." with the support of its words. */
function sentence(...supports: number[]) {
  const texts = ['A', 'red', 'star', 'spins']
  const words = texts.map((text, i) => ({ text, start: [0, 2, 6, 11][i] ?? 0, end: [1, 5, 10, 16][i] ?? 0, support: supports[i] ?? 1 }))
  return { support: Math.min(...supports), words }
}

const red = { sentence: 0, start: 2, end: 5 }
const pair = (truth: number[], wrong: number[], dataset = 'moving-shapes-check/color'): CheckedPair => ({
  dataset,
  truth: [sentence(...truth)],
  wrong: [sentence(...wrong)],
  place: red,
})

describe('a false word', () => {
  it('is found if no other word of its sentence has less support', () => {
    expect(findsFalseWord(pair([], [0.9, 0.1, 0.9, 0.9]))).toBe(true)
    expect(findsFalseWord(pair([], [0.1, 0.1, 0.9, 0.9]))).toBe(true)
    expect(findsFalseWord(pair([], [0.9, 0.2, 0.9, 0.1]))).toBe(false)
    expect(findsFalseWord({ ...pair([], [0.9, 0.1, 0.9, 0.9]), place: { sentence: 1, start: 20, end: 23 } })).toBe(false)
  })
})

describe('figures', () => {
  it('count what is found, and compare all true sentences with all false ones', () => {
    const pairs = [pair([0.9, 0.8, 0.9, 0.9], [0.9, 0.1, 0.9, 0.9]), pair([0.3, 0.3, 0.3, 0.3], [0.9, 0.5, 0.2, 0.9])]
    // Of the pairs 0.8 and 0.1, 0.8 and 0.2, 0.3 and 0.1, 0.3 and 0.2 all are in order.
    expect(checkFigures(pairs)).toEqual({ pairs: 2, found: 0.5, auc: 1 })
    expect(checkFigures([...pairs, pair([0.2], [0.9])]).auc).toBeCloseTo(5.5 / 9, 6)
    expect(checkFigures([]).found).toBeNaN()
  })

  it('are reported by what was exchanged, over the answers that can be read', () => {
    const extraInfo = { false_caption: { text: 'A red star spins.', ...red } }
    const answer = (key: string, prediction: string | null, dataset: string) =>
      predictionOf({ key, dataset, idx: 0, extraInfo, prediction })
    const right = checkAnswer([sentence(0.9, 0.9, 0.9, 0.9)], [sentence(0.9, 0.1, 0.9, 0.9)])
    const predictions = [
      answer('a', right, 'moving-shapes-check/color'),
      answer('b', 'A red star spins.', 'moving-shapes-check/shape'),
      answer('c', null, 'moving-shapes-check/shape'),
    ]
    const pairs = checkedPairs(predictions)
    expect([...pairs.keys()]).toEqual(['a'])
    const report = checkReport([...pairs.values()], predictions.length)
    expect(report).toMatchObject({
      success: 1,
      failed: 2,
      headline: [
        { name: 'Found', value: 100 },
        { name: 'AUC', value: 100 },
      ],
    })
    expect(report.tables[0]?.rows.map(([name]) => name?.text)).toEqual(['color', 'OVERALL'])
  })
})
