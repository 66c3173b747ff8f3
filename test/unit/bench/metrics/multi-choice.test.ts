import { describe, expect, test } from 'vitest'
import { parseChoice, scoreMultiChoice } from '../../../../src/bench/metrics/multi-choice.ts'
import { scoreVideoMme } from '../../../../src/bench/metrics/video-mme.ts'
import { videoMmeReport } from '../../../../src/bench/report/video-mme-report.ts'
import { predictionOf } from '../../../helpers/predictions.ts'

describe('the option in an answer', () => {
  test.each([
    ['A', 'A'],
    ['B) the second', 'B'],
    ['(C', 'C'],
    [' ((D)) ', 'D'],
    ['\u3000\u00a0E', 'E'],
    // Characters that only one of Python and JavaScript strips.
    ['\x1c\x1d\x1e\x1fB', 'B'],
    ['\u0085\u2028 C', 'C'],
    ['\ufeffB', null],
    ['\u180eB', null],
    ['Yes, it is', 'Y'],
    ['0', 'A'],
    ['1', 'B'],
    ['5th', 'F'],
    ['6', null],
    ['a', null],
    ['', null],
    ['()', null],
    ['<error>', null],
    ['. A', null],
    ['Ünder', 'Ü'],
    ['Ⅷ', null],
  ])('of %j is %j', (answer, letter) => {
    expect(parseChoice(answer)).toBe(letter)
  })

  test('of "0" is none where upstream counts from 1', () => {
    expect(parseChoice('0', 1)).toBeNull()
    expect(parseChoice('1', 1)).toBe('B')
  })
})

describe('accuracy', () => {
  const answers = (task: string, texts: readonly (string | null)[]) =>
    texts.map((prediction, i) => predictionOf({ dataset: `TVBench/${task}`, idx: `${task}${i}`, reference: 'B', prediction }))

  test('excludes answers without an option and averages over samples', () => {
    const scores = scoreMultiChoice([...answers('one', ['B', 'B', 'C', 'b', null]), ...answers('two', ['1'])])
    expect(scores.tasks.get('TVBench/one')).toEqual({ accuracy: 2 / 3, success: 3, failed: 2 })
    expect(scores.tasks.get('TVBench/two')).toEqual({ accuracy: 1, success: 1, failed: 0 })
    expect(scores).toMatchObject({ accuracy: 3 / 4, success: 4, failed: 2 })
  })

  test('has no value when every answer is malformed', () => {
    expect(scoreMultiChoice(answers('one', ['?', '', 'none']))).toMatchObject({ accuracy: Number.NaN, success: 0, failed: 3 })
  })
})

describe('the rules of version 1', () => {
  const line = (task: string, idx: number, prediction: string, upstream?: 1) =>
    predictionOf({ dataset: `MVBench/${task}`, idx, reference: 'A', prediction, ...(upstream && { upstream }) })
  const lines = (upstream?: 1) => [
    ...['A', 'A', 'A', 'B', '0'].map((text, i) => line('Action Count', i, text, upstream)),
    ...['B'].map((text, i) => line('Moving Direction', i, text, upstream)),
    ...['none'].map((text, i) => line('Scene Transition', i, text, upstream)),
  ]

  test('apply to its own lines: no 0 for A, and for MVBench the mean of the tasks with a score', () => {
    expect(scoreMultiChoice(lines(1))).toMatchObject({ accuracy: (3 / 4 + 0) / 2, success: 5, failed: 2 })
    expect(scoreMultiChoice(lines())).toMatchObject({ accuracy: 4 / 6, success: 6, failed: 1 })
  })

  test('apply to other lines on request, and not to a mixture', () => {
    expect(scoreMultiChoice(lines(), 1)).toMatchObject({ accuracy: 3 / 8 })
    expect(scoreMultiChoice([...lines(1), line('Moving Direction', 9, 'A')])).toMatchObject({ accuracy: 5 / 7 })
  })

  test('average over samples for other data sets', () => {
    const egoSchema = lines(1).map((sample) => ({ ...sample, dataset: 'EgoSchema' }))
    expect(scoreMultiChoice(egoSchema)).toMatchObject({ accuracy: 3 / 5 })
  })
})

describe('Video-MME', () => {
  const question = (vid: string, duration: string, domain: string, sub_category: string, task_type: string, prediction: string | null) =>
    predictionOf({
      dataset: 'Video-MME',
      idx: `${vid}${task_type}`,
      prediction,
      extraInfo: { vid, duration, domain, sub_category, task_type },
    })
  const scores = scoreVideoMme([
    question('001', 'short', 'Knowledge', 'Law', 'OCR Problems', 'A'),
    question('001', 'short', 'Knowledge', 'Law', 'Counting Problem', 'B'),
    question('002', 'long', 'Knowledge', 'Geography', 'OCR Problems', 'A'),
    // One failed answer excludes the whole video.
    question('003', 'long', 'Life Record', 'Food', 'OCR Problems', 'A'),
    question('003', 'long', 'Life Record', 'Food', 'Counting Problem', null),
  ])

  test('is scored by duration, domain, sub category and task type', () => {
    expect(scores).toMatchObject({ success: 4, failed: 1, leftOut: 1 })
    expect(scores.all.overall).toEqual({ correct: 2, answered: 3 })
    expect(scores.durations.get('short')?.overall).toEqual({ correct: 1, answered: 2 })
    expect(scores.durations.get('medium')?.overall).toEqual({ correct: 0, answered: 0 })
    expect(scores.durations.get('long')?.overall).toEqual({ correct: 1, answered: 1 })
    expect(scores.all.domains.get('Knowledge')).toEqual({ correct: 2, answered: 3 })
    expect(scores.all.domains.get('Life Record')).toEqual({ correct: 0, answered: 0 })
    expect(scores.all.subCategories.get('Law')).toEqual({ correct: 1, answered: 2 })
    expect(scores.all.taskTypes.get('OCR Problems')).toEqual({ correct: 2, answered: 2 })
  })

  test('formats percentages with one decimal, half to even, like Python', () => {
    const { text, headline } = videoMmeReport(scores)
    expect(text).toContain('Evaluation on video Type: medium')
    expect(text).toContain('\nKnowledge:  66.7%\n')
    expect(text.endsWith('Overall Performance\n*************************************\nOverall:  66.7%')).toBe(true)
    expect(headline.map(({ name, text: figure }) => `${name} ${figure}`)).toEqual([
      'Overall 66.7',
      'short 50.0',
      'medium 0.0',
      'long 100.0',
    ])
    const half = Array.from({ length: 400 }, (_, i) => question(String(i), 'short', 'Knowledge', 'Law', 'OCR Problems', i < 1 ? 'A' : 'B'))
    expect(videoMmeReport(scoreVideoMme(half)).headline[0]?.text).toBe('0.2') // 0.25
    const other = half.map((prediction, i) => ({ ...prediction, prediction: i < 3 ? 'A' : 'B' }))
    expect(videoMmeReport(scoreVideoMme(other)).headline[0]?.text).toBe('0.8') // 0.75
  })
})
