import { expect, test } from 'vitest'
import { makingOf } from '../../../../src/renderer/lib/answer-labels.ts'
import type { Turn } from '../../../../src/shared/contract/chats.ts'

function writingOf(generated: number, generate: number): string | undefined {
  const answer = {
    timings: { firstToken: 100, decode: 10, encode: 20, prefill: 30, generate },
    tokens: { visual: 96, prompt: 20, generated, evaluated: 116 },
    device: { vision: 'cpu', language: 'cpu' },
    frames: [],
    cached: 'nothing',
  }
  const turn = { model: 'demo', settings: {}, answer } as unknown as Turn
  return new Map(makingOf(turn)).get('Writing')
}

test('the speed of an answer is shown from 20 tokens on', () => {
  expect([19, 20].map((tokens) => writingOf(tokens, 2000))).toEqual(['2 s', '2 s, 10.0 tokens/s'])
  expect(writingOf(30, 0)).toBe('under 1 s')
})
