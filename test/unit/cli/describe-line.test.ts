import { describe, expect, it } from 'vitest'
import { answerLine, failureLine } from '../../../src/cli/describe-line.ts'
import type { Answer } from '../../../src/shared/engine-events.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

const answer: Answer = {
  text: 'A circle.',
  finish: 'end',
  frames: [{ index: 0, time: 0 }],
  width: 84,
  height: 56,
  tokens: { visual: 6, prompt: 20, generated: 3, evaluated: 26 },
  timings: { probe: 1.23456, decode: 2, encode: 3, prefill: 4, firstToken: 5, generate: 6, total: 7 },
  device: { vision: 'cpu', language: 'cpu', fallbacks: ['no GPU'] },
  notices: [],
  cached: 'nothing',
}

describe('lines of describe --json', () => {
  it('have exactly the documented fields', () => {
    expect(answerLine('a.mp4', 'demo', answer)).toEqual({
      file: 'a.mp4',
      description: 'A circle.',
      model: 'demo',
      frames: [{ index: 0, time: 0 }],
      width: 84,
      height: 56,
      tokens: { visual: 6, prompt: 20, generated: 3 },
      timings: { probe: 1.2, decode: 2, encode: 3, prefill: 4, firstToken: 5, generate: 6, total: 7 },
      device: { vision: 'cpu', language: 'cpu' },
      finish: 'end',
    })
  })

  it('include notices if there are any', () => {
    expect(answerLine('a.mp4', 'demo', { ...answer, notices: ['The file is truncated.'] })).toMatchObject({
      notices: ['The file is truncated.'],
    })
  })

  it('have a code for failures', () => {
    expect(failureLine('a.mp4', new TarsierError('file-empty', 'Empty.'))).toEqual({
      file: 'a.mp4',
      error: { code: 'file-empty', message: 'Empty.' },
    })
  })
})
