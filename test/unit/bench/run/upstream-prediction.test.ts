import { describe, expect, it } from 'vitest'
import { parsePrediction } from '../../../../src/bench/run/read-predictions.ts'
import { readUpstream, toUpstream } from '../../../../src/bench/run/upstream-prediction.ts'
import { predictionOf } from '../../../helpers/predictions.ts'

/** As version 2 of the Python program writes it: the annotation with its empty text filled in. */
const second = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'video', video: { video_file: '/v/a.mp4' } },
        { type: 'text', text: 'Question: What?\n(A) Put.\n(B) Take.' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: ' Answer: (' },
        { type: 'text', text: 'B)', reference: 'A' },
      ],
    },
  ],
  dataset: 'TVBench/Action Antonym',
  task: 'video/QA',
  idx: 3,
  vid: 'a.mp4',
  extra_info: { duration: 'short' },
}

/** As version 1 writes it: beside the prompt. */
const first = {
  idx: 0,
  dataset: 'Video-MME',
  text: { prompt: 'USER: <video> Which?\n(A) One. ASSISTANT: Answer: (', response: 'C', prediction: 'C)' },
  video_file: '/v/001.mp4',
  vid: '001',
}

describe('predictions of the Python program', () => {
  it('are read in version 2, with the answer prefix separate', () => {
    expect(readUpstream(second)).toEqual({
      key: 'TVBench/Action Antonym-3',
      dataset: 'TVBench/Action Antonym',
      task: 'video/QA',
      idx: 3,
      vid: 'a.mp4',
      video: '/v/a.mp4',
      prompt: 'Question: What?\n(A) Put.\n(B) Take.',
      begun: ' Answer: (',
      question: null,
      reference: 'A',
      extraInfo: { duration: 'short' },
      prediction: 'B)',
      finish: null,
      error: null,
      used: null,
    })
  })

  it('are read in version 1', () => {
    expect(readUpstream(first)).toMatchObject({
      key: 'Video-MME-0',
      prompt: 'Which?\n(A) One.',
      begun: ' Answer: (',
      reference: 'C',
      prediction: 'C)',
    })
  })

  it('may have further fields, whatever they are called', () => {
    for (const line of [first, second])
      expect(parsePrediction({ ...line, key: 'video-7', prompt: 3, error: 'none' })).toEqual(readUpstream(line))
  })

  it('are failures with <error>, and empty answers when empty', () => {
    const withPrediction = (prediction: string) => readUpstream({ ...first, text: { ...first.text, prediction } })
    expect(withPrediction('<error>')).toMatchObject({ prediction: null, error: { code: 'internal' } })
    expect(withPrediction('')).toMatchObject({ prediction: '', error: null })
  })

  it('are rejected without a prediction or an annotation', () => {
    expect(readUpstream({ ...first, text: { prompt: 'x', response: 'y' } })).toMatchObject({ reason: 'an annotation without a prediction' })
    for (const value of [null, 4, [], {}, { messages: 'x' }]) expect(readUpstream(value)).toHaveProperty('reason')
  })

  it('survive being written and read', () => {
    const answered = predictionOf({
      dataset: 'DREAM/movie',
      idx: 7,
      vid: 7,
      begun: ' Answer: (',
      reference: ['one', 'two'],
      extraInfo: { events: ['e'] },
    })
    const failed = predictionOf({ dataset: 'DREAM/movie', idx: 8, prediction: null })
    expect(readUpstream(toUpstream(answered))).toEqual({ ...answered, finish: null })
    expect(readUpstream(toUpstream(failed))).toMatchObject({ key: failed.key, prediction: null })
    const open = predictionOf({ dataset: 'MSVD-QA-val', idx: 9, question: 'who runs?' })
    expect(readUpstream(toUpstream(open))).toMatchObject({ question: 'who runs?', prompt: 'What happens?' })
  })

  it('are written in both versions, for either evaluation', () => {
    expect(toUpstream(readUpstream(second) as never)).toEqual({
      ...second,
      video_file: '/v/a.mp4',
      text: {
        prompt: 'USER: <video>\nQuestion: What?\n(A) Put.\n(B) Take. ASSISTANT: Answer: (',
        question: 'Question: What?\n(A) Put.\n(B) Take.',
        response: 'A',
        prediction: 'B)',
      },
    })
  })

  it('have what the evaluation of version 2 requires: one reference as a text, the numbers of Video-MME', () => {
    const caption = toUpstream(predictionOf({ dataset: 'MSVD-Caption-test', idx: 1, reference: ['a cat'] }))
    expect(caption).toMatchObject({ messages: [{}, { content: [{ reference: 'a cat' }] }], text: { response: 'a cat' } })
    const several = toUpstream(predictionOf({ dataset: 'MSVD-Caption-test', idx: 1, reference: ['a cat', 'a dog'] }))
    expect(several).toMatchObject({ text: { response: ['a cat', 'a dog'] } })
    const extraInfo = { duration: 'short', domain: 'Knowledge' }
    const film = toUpstream(predictionOf({ dataset: 'Video-MME', idx: 5, vid: '001', extraInfo }))
    expect(film).toMatchObject({ extra_info: { ...extraInfo, vid: '001', idx: 5 } })
  })

  it('are read without a reference: the last text is the answer', () => {
    const caption = { ...second, messages: [second.messages[0], { role: 'assistant', content: [{ type: 'text', text: 'A cat.' }] }] }
    expect(readUpstream(caption)).toMatchObject({ prediction: 'A cat.', begun: '', reference: '' })
    expect(readUpstream({ ...first, text: { prompt: '<video> Say it.', prediction: 'A cat.' } })).toMatchObject({
      ...{ prediction: 'A cat.', reference: '', upstream: 1 },
    })
  })
})
