import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { scoreCaptions } from '../../../../src/bench/metrics/captions.ts'
import { cider } from '../../../../src/bench/metrics/cider.ts'
import { tokenizeCaption } from '../../../../src/bench/metrics/ptb-tokenizer.ts'
import { predictionOf } from '../../../helpers/predictions.ts'

interface Fixture {
  readonly score: number
  readonly pairs: readonly {
    readonly candidate: string
    readonly references: readonly string[]
    readonly score: number
    readonly words: readonly string[]
    readonly referenceWords: readonly string[][]
  }[]
  readonly hard: readonly { readonly text: string; readonly words: readonly string[] }[]
}

// Written by tools/reference/caption_cider.py with pycocoevalcap and its Java tokenizer.
const fixture = JSON.parse(readFileSync(new URL('../../../fixtures/bench/captions.json', import.meta.url), 'utf8')) as Fixture

describe('the words of a caption', () => {
  test.each(fixture.hard)('$text', ({ text, words }) => {
    expect(tokenizeCaption(text)).toEqual(words)
  })

  test('equal those of pycocoevalcap for every caption', () => {
    const texts = fixture.pairs.flatMap((pair) => [pair.candidate, ...pair.references])
    expect(texts.length).toBeGreaterThan(300)
    expect(texts.map(tokenizeCaption)).toEqual(fixture.pairs.flatMap((pair) => [pair.words, ...pair.referenceWords]))
  })

  test('are found in a long text without blanks in linear time', () => {
    expect(tokenizeCaption('a=$'.repeat(5_000))).toHaveLength(15_000)
    expect(tokenizeCaption('<a '.repeat(1_000))).toHaveLength(2_000)
  })
})

describe('CIDEr', () => {
  test('equals that of pycocoevalcap', () => {
    const { score, scores } = cider(
      fixture.pairs.map(({ candidate, references }) => ({
        candidate: tokenizeCaption(candidate),
        references: references.map(tokenizeCaption),
      })),
    )
    expect(Math.abs(score - fixture.score)).toBeLessThan(1e-9)
    for (const [i, pair] of fixture.pairs.entries()) expect(Math.abs((scores[i] ?? Number.NaN) - pair.score)).toBeLessThan(1e-9)
  })

  test('scores a failed sample 0 and counts its references', () => {
    const predictions = fixture.pairs.map(({ candidate, references }, i) =>
      predictionOf({ dataset: 'MSVD-Caption-test', idx: i, reference: [...references], prediction: i === 0 ? null : candidate }),
    )
    const scores = scoreCaptions(predictions)
    expect(scores).toMatchObject({ success: fixture.pairs.length - 1, failed: 1 })
    // A sample without a reference, which pycocoevalcap rejects, is in no figure.
    const unreferenced = predictionOf({ dataset: 'MSVD-Caption-test', idx: 'none', reference: [], prediction: 'a cat' })
    expect(scoreCaptions([unreferenced, ...predictions])).toMatchObject({ cider: scores.cider, scores: [Number.NaN, ...scores.scores] })
    expect(scores.cider).toBeCloseTo(fixture.score - (fixture.pairs[0]?.score ?? Number.NaN) / fixture.pairs.length, 9)
  })
})
