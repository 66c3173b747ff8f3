import { describe, expect, it } from 'vitest'
import { parseAnnotation } from '../../../../src/bench/annotations.ts'
import { aggregateDream } from '../../../../src/bench/metrics/dream.ts'
import { annotateMovingShapes } from '../../../../src/bench/moving-shapes/annotate.ts'
import { judgeDescription, judgeOpenAnswer } from '../../../../src/bench/moving-shapes/rule.ts'
import type { Prediction } from '../../../../src/bench/prediction.ts'
import { sampleFields } from '../../../../src/bench/run/upstream-prediction.ts'

const lines = annotateMovingShapes()

function answered(dataset: string, answer: (reference: string) => string): Prediction[] {
  return lines.flatMap((line) => {
    const annotation = parseAnnotation(JSON.parse(line))
    if ('reason' in annotation) throw new Error(annotation.reason)
    const fields = sampleFields(annotation.sample)
    if (!fields.dataset.startsWith(`${dataset}/`)) return []
    return [{ ...fields, video: null, prediction: answer(String(fields.reference)), finish: null, error: null, used: null }]
  })
}

const described = (prediction: string): Prediction => ({
  ...(answered('moving-shapes-dream', () => '')[0] as Prediction),
  reference: 'A red circle moves right and then grows. A blue star spins. The background is black.',
  extraInfo: { events: ['The red circle moves right.', 'The red circle grows.', 'The blue star spins.'] },
  prediction,
})

describe('judgeDescription', () => {
  it('gives full scores to the reference and zero to an empty description', () => {
    const verdictsOf = (predictions: Prediction[]) => predictions.flatMap((one) => judgeDescription(one)?.verdict ?? [])
    const right = aggregateDream(verdictsOf(answered('moving-shapes-dream', (reference) => reference)), [])
    expect(right.overall).toMatchObject({ f1: 1, recall: 1, precision: 1, success: 120, failed: 0 })
    const silent = aggregateDream(verdictsOf(answered('moving-shapes-dream', () => '')), [])
    expect(silent.overall).toMatchObject({ f1: 0, recall: 0, precision: 1 })
  })

  it('reduces recall for missing events and precision for wrong ones, with reasons', () => {
    const judged = judgeDescription(described('A red circle moves right and then shrinks. A green star spins.'))
    expect(judged?.verdict).toMatchObject({ recall: { entailed: 1, total: 3 }, precision: { entailed: 1, total: 3 } })
    expect(judged?.reference.map(({ relationship }) => relationship)).toEqual(['entailment', 'contradiction', 'neutral'])
    expect(judged?.predicted.map(({ relationship }) => relationship)).toEqual(['entailment', 'contradiction', 'neutral'])
  })

  it('counts a repeated event once', () => {
    const judged = judgeDescription(described('A blue star spins. A blue star spins.'))
    expect(judged?.verdict).toMatchObject({ recall: { entailed: 1, total: 3 }, precision: { entailed: 1, total: 1 } })
  })

  it('gives no verdict on a failed sample', () => {
    expect(judgeDescription({ ...described(''), prediction: null })).toBeNull()
  })
})

describe('judgeOpenAnswer', () => {
  const asked = (kind: string, reference: string, prediction: string): Prediction => ({
    ...described(prediction),
    dataset: `moving-shapes-oe/${kind}`,
    reference,
  })

  it('accepts every annotated answer', () => {
    const verdicts = answered('moving-shapes-oe', (reference) => reference).map((one) => judgeOpenAnswer(one))
    expect(verdicts.filter((verdict) => verdict?.correct === true && verdict.score === 5)).toHaveLength(360)
  })

  it.each([
    ['color', 'Red.', 'The circle is red.', true, 5],
    ['color', 'Red.', 'Blue.', false, 0],
    ['color', 'Red.', 'Red or blue.', false, 2],
    ['shape', 'A star.', 'I only know moving shapes.', false, 0],
    ['presence', 'No.', 'No, there is none.', true, 5],
    ['motion', 'It moves left and then spins.', 'It moves left and then grows.', false, 2],
    ['motion', 'It moves left and then spins.', 'It spins and then moves left.', false, 0],
    ['last', 'It stays still.', 'it stays still', true, 5],
  ])('of %s: "%s" answered "%s"', (kind, reference, prediction, correct, score) => {
    expect(judgeOpenAnswer(asked(kind, reference, prediction))).toMatchObject({ correct, score })
  })

  it('judges no other data sets', () => {
    expect(judgeOpenAnswer({ ...asked('color', 'red', 'red'), dataset: 'MSVD-QA-val' })).toBeNull()
  })
})
