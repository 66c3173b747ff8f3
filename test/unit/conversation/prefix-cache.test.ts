import { expect, test } from 'vitest'
import { PrefixCache, type PromptPart } from '../../../src/engine/conversation/prefix-cache.ts'
import type { PreparedClip } from '../../../src/engine/conversation/prepared-clip.ts'
import type { Mark, Session } from '../../../src/engine/language/types.ts'

// test/engine tests the KV with real llama.cpp. This file tests only the bookkeeping, so `rewind` is the only method.
function recorder(): { session: Session; rewinds: Mark[] } {
  const rewinds: Mark[] = []
  return { rewinds, session: { rewind: (to: Mark) => rewinds.push(to) } as unknown as Session }
}
const clipA = { name: 'a' } as unknown as PreparedClip
const clipB = { name: 'b' } as unknown as PreparedClip
const tokens = (...list: number[]): PromptPart => ({ kind: 'tokens', tokens: list })
const clip = (of: PreparedClip): PromptPart => ({ kind: 'clip', clip: of })

/** System prompt (3), clip (40 cells, 10 positions), question (2), the model's turn (2). */
function filledCache() {
  const { session, rewinds } = recorder()
  const prompt = new PrefixCache(session)
  prompt.add(tokens(1, 2, 3), { cells: 3, position: 3 })
  prompt.add(clip(clipA), { cells: 43, position: 13 })
  prompt.add(tokens(4, 5), { cells: 45, position: 15 })
  prompt.add(tokens(6, 7), { cells: 47, position: 17 })
  return { prompt, rewinds }
}

test('returns only the pieces after the common prefix for a follow-up question', () => {
  const { prompt, rewinds } = filledCache()
  expect(prompt.keepPrefixOf([tokens(1, 2, 3), clip(clipA), tokens(4, 5), tokens(6, 7, 8, 9), tokens(6, 7)])).toEqual([
    tokens(6, 7, 8, 9),
    tokens(6, 7),
  ])
  expect(rewinds).toEqual([{ cells: 45, position: 15 }])
})

test('returns the last piece of the prompt when regenerating, so that it is evaluated as before', () => {
  const { prompt, rewinds } = filledCache()
  expect(prompt.keepPrefixOf([tokens(1, 2, 3), clip(clipA), tokens(4, 5), tokens(6, 7)])).toEqual([tokens(6, 7)])
  expect(rewinds).toEqual([{ cells: 45, position: 15 }])
})

test('evaluates a piece with any difference as a whole', () => {
  for (const other of [tokens(4, 9), tokens(4, 5, 9), tokens(4)]) {
    const { prompt, rewinds } = filledCache()
    expect(prompt.keepPrefixOf([tokens(1, 2, 3), clip(clipA), other, tokens(6, 7)])).toEqual([other, tokens(6, 7)])
    expect(rewinds).toEqual([{ cells: 43, position: 13 }])
  }
})

test('evaluates another clip from its start', () => {
  const { prompt, rewinds } = filledCache()
  const wanted = [tokens(1, 2, 3), clip(clipB), tokens(4, 5)]
  expect(prompt.keepPrefixOf(wanted)).toEqual(wanted.slice(1))
  expect(rewinds).toEqual([{ cells: 3, position: 3 }])
})

test('reuses nothing of a prompt with another first token', () => {
  const { prompt, rewinds } = filledCache()
  const wanted = [tokens(9, 2, 3), clip(clipA), tokens(4)]
  expect(prompt.keepPrefixOf(wanted)).toEqual(wanted)
  expect(rewinds).toEqual([{ cells: 0, position: 0 }])
})

test('reuses only pieces that remained in the context', () => {
  const { prompt, rewinds } = filledCache()
  prompt.keepPrefixOf([tokens(1, 2, 3), clip(clipA), tokens(8)])
  expect(prompt.keepPrefixOf([tokens(1, 2, 3), clip(clipA), tokens(4, 5), tokens(6, 7)])).toEqual([tokens(4, 5), tokens(6, 7)])
  expect(rewinds.at(-1)).toEqual({ cells: 43, position: 13 })
})
