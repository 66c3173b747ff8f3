import { describe, expect, it } from 'vitest'
import { RepetitionDetector } from '../../../src/engine/language/repetition.ts'

/** The number of tokens after which a repetition is detected, or null. */
function seenAfter(tokens: readonly number[]): number | null {
  const detector = new RepetitionDetector()
  const at = tokens.findIndex((token) => detector.add(token))
  return at === -1 ? null : at + 1
}
const rounds = (cycle: readonly number[], count: number) => Array.from({ length: count }, () => cycle).flat()
const count = (length: number) => Array.from({ length }, (_, i) => i)

describe('RepetitionDetector', () => {
  it.each([
    [1, 64],
    [2, 64],
    [12, 64],
    [30, 150],
    [256, 1280],
  ])('detects a cycle of %i tokens after %i', (period, tokens) => {
    expect(seenAfter(rounds(count(period), 100))).toBe(tokens)
  })

  it('ignores earlier tokens', () => {
    expect(seenAfter([...count(300), ...rounds([7, 8, 9], 40)])).toBe(300 + 64)
  })

  it('allows repeated words', () => {
    expect(seenAfter([...rounds([5], 40), 6, ...rounds([5], 40)])).toBeNull()
    expect(seenAfter(rounds(count(40), 4))).toBeNull()
    const list = Array.from({ length: 60 }, (_, i) => [1, 2, 3, 1000 + i, 4]).flat()
    expect(seenAfter(list)).toBeNull()
  })
})
