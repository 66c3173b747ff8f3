import { expect, it } from 'vitest'
import { logSoftmaxAt } from '../../../src/engine/language/logprobs.ts'

/** Numbers from 0 to 1, the same in every run. */
function numbers(count: number): number[] {
  let state = 1
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  })
}

function exact(logits: Float32Array, token: number): number {
  const max = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
  return (logits[token] ?? 0) - max - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0))
}

it.each([0.1, 3, 40])('log softmax over a large vocabulary is exact to 1e-7 with logits up to %s apart', (spread) => {
  const logits = Float32Array.from(numbers(152_064), (value) => (value - 0.7) * spread)
  for (const token of [0, 17, 152_063]) expect(Math.abs(logSoftmaxAt(logits, token) - exact(logits, token))).toBeLessThan(1e-7)
})

it('a certain token has a log probability of 0, and an impossible one none', () => {
  const logits = Float32Array.of(-200, 300, Number.NEGATIVE_INFINITY)
  expect(logSoftmaxAt(logits, 1)).toBe(0)
  expect(logSoftmaxAt(logits, 0)).toBe(-500)
  expect(logSoftmaxAt(logits, 2)).toBe(Number.NEGATIVE_INFINITY)
})
