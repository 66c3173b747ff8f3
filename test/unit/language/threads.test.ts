import { describe, expect, it } from 'vitest'
import { threadsFor } from '../../../src/engine/language/threads.ts'

describe('threadsFor', () => {
  it.each([
    ['a token of the demo model', 3e6, 1, 1],
    ['a frame of the demo model', 3e6, 25, 1],
    ['a full batch of the demo model', 3e6, 512, 8],
    ['a token of a model of 120 million parameters', 126e6, 1, 8],
    ['a question to that model', 126e6, 20, 8],
    ['a token of a model of 7 billion', 8e9, 1, 8],
  ])('gives %s its threads', (_, weights, rows, threads) => {
    expect(threadsFor(weights, rows, 8)).toBe(threads)
  })

  it('never exceeds the available threads', () => {
    expect(threadsFor(8e9, 512, 1)).toBe(1)
  })
})
