import { expect, test } from 'vitest'
import { aggregateDream } from '../../../../src/bench/metrics/dream.ts'
import { scoreMultiChoice } from '../../../../src/bench/metrics/multi-choice.ts'
import type { DreamVerdict } from '../../../../src/bench/metrics/verdicts.ts'
import { choiceReport } from '../../../../src/bench/report/choice-report.ts'
import { dreamReport } from '../../../../src/bench/report/dream-report.ts'
import { predictionOf } from '../../../helpers/predictions.ts'

// The tables of the Tarsier2 README for Tarsier2-Recap-7b, reproduced from samples with these figures.

const dreamTable = `
+-------------------------+----------+---------------+------------------+---------+--------+
|           Task          | F1 Score | Action Recall | Action Precision | Success | Failed |
+-------------------------+----------+---------------+------------------+---------+--------+
|  DREAM/movie_animation  |  0.364   |     0.355     |      0.374       |   200   |   0    |
| DREAM/movie_live_action |  0.443   |     0.448     |      0.437       |   200   |   0    |
|   DREAM/vertical_video  |  0.426   |     0.379     |      0.486       |   199   |   1    |
|       DREAM/videvo      |  0.454   |     0.471     |      0.439       |   200   |   0    |
|      DREAM/youtube      |  0.343   |     0.323     |      0.365       |   200   |   0    |
|         OVERALL         |  0.407   |     0.395     |       0.42       |   999   |   1    |
+-------------------------+----------+---------------+------------------+---------+--------+`.trim()

/**
 * Samples with these mean recalls and precisions but different individual ones: of 10,000 events each, every second sample has 500 more and
 * the others 500 fewer.
 */
function dreamVerdicts(task: string, count: number, recall: number, precision: number): DreamVerdict[] {
  // With an odd count the first equals the mean.
  const off = (i: number) => (count % 2 === 1 && i === 0 ? 0 : i % 2 === 0 ? 500 : -500)
  const events = (part: number, i: number) => ({ entailed: Math.round(part * 10_000) + off(i), total: 10_000 })
  return Array.from({ length: count }, (_, i) => ({
    key: `DREAM/${task}-${i}`,
    dataset: `DREAM/${task}`,
    extraInfo: { n_subjects: i % 5, n_shots: i % 5, n_events: i % 9 },
    recall: events(recall, i),
    precision: events(precision, i),
  }))
}

test('DREAM-1K', () => {
  const verdicts = [
    ...dreamVerdicts('youtube', 200, 0.323, 0.365),
    ...dreamVerdicts('videvo', 200, 0.471, 0.439),
    ...dreamVerdicts('vertical_video', 199, 0.379, 0.486),
    ...dreamVerdicts('movie_live_action', 200, 0.4483, 0.4374),
    ...dreamVerdicts('movie_animation', 200, 0.355, 0.374),
  ]
  const { text, headline } = dreamReport('DREAM', aggregateDream(verdicts, ['DREAM/vertical_video']))
  const [table, ...further] = text.split('\n\n')
  expect(table).toBe(dreamTable)
  expect(headline.map((figure) => figure.text)).toEqual(['0.407', '0.395', '0.42'])
  expect(further).toHaveLength(3)
  expect(further[2]?.split('\n').slice(0, 4)).toEqual([
    '=====DREAM Evaluation Split by Bucket #events=====',
    '+-----------+-------+-----------+-----------+-------+',
    '|   Score   |  <=3  | in [4, 5] | in [6, 7] |  >=8  |',
    '+-----------+-------+-----------+-----------+-------+',
  ])
})

const tvBenchTable = `
+---------+----------+---------+--------+
|   Task  | Accuracy | Success | Failed |
+---------+----------+---------+--------+
|    AA   |   91.2   |   320   |   0    |
|    AC   |   43.1   |   536   |   0    |
|    AL   |   42.5   |   160   |   0    |
|    AS   |   70.5   |   437   |   0    |
|    ES   |   22.0   |   200   |   0    |
|    MD   |   37.1   |   232   |   0    |
|    OC   |   46.6   |   148   |   0    |
|    OS   |   36.9   |   225   |   0    |
|    ST   |   85.9   |   185   |   0    |
|    UA   |   28.0   |    82   |   0    |
| OVERALL |   54.0   |   2525  |   0    |
+---------+----------+---------+--------+`.trim()

function answers(dataset: string, count: number, right: number) {
  return Array.from({ length: count }, (_, idx) =>
    predictionOf({ dataset, idx, reference: 'B', prediction: idx < right ? 'B) this' : 'A) that' }),
  )
}

test('TVBench', () => {
  const samples: [string, number, number][] = [
    ['Unexpected Action', 82, 23],
    ['Action Count', 536, 231],
    ['Action Sequence', 437, 308],
    ['Action Antonym', 320, 292],
    ['Moving Direction', 232, 86],
    ['Object Shuffle', 225, 83],
    ['Egocentric Sequence', 200, 44],
    ['Scene Transition', 185, 159],
    ['Action Localization', 160, 68],
    ['Object Count', 148, 69],
  ]
  const predictions = samples.flatMap(([task, count, right]) => answers(`TVBench/${task}`, count, right))
  expect(choiceReport('TVBench', scoreMultiChoice(predictions)).text).toBe(tvBenchTable)
})

test('FAVOR-Bench: the published accuracy of both models, and upstream’s lines without sub tasks', () => {
  const text = (right: number) => choiceReport('FAVOR-Bench', scoreMultiChoice(answers('FAVOR-Bench', 8184, right))).text
  const lines =
    '=====Evaluation Summary=====\nDataset: FAVOR-Bench\tMetric: Accuracy\n#Successful Results: 8184\n#Failed Results: 0\nAccuracy: '
  expect(text(3887)).toBe(`${lines}47.5`)
  expect(text(4272)).toBe(`${lines}52.2`)
})

test('all wrong and all malformed', () => {
  const wrong = choiceReport('MVBench', scoreMultiChoice(answers('MVBench/Fine-grained Action', 4, 0)))
  expect(wrong.text.split('\n').slice(3, 5)).toEqual([
    '|    FA   |   0.0    |    4    |   0    |',
    '| OVERALL |   0.0    |    4    |   0    |',
  ])
  const malformed = scoreMultiChoice(answers('MVBench/Fine-grained Action', 4, 0).map((sample) => ({ ...sample, prediction: 'none' })))
  const { text, headline } = choiceReport('MVBench', malformed)
  expect(text.split('\n')[4]).toBe('| OVERALL |   nan    |    0    |   4    |')
  expect(headline[0]).toEqual({ name: 'Accuracy', text: 'nan', value: null, best: 100 })
})
