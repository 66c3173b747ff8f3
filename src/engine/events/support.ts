import type { SupportedSentence, SupportedWord } from '../../shared/timed-text.ts'
import { sentencesOf } from './clauses.ts'

/** Log probabilities of the tokens of a text. */
interface TokenScores {
  readonly withClip: Float64Array
  readonly withoutClip: Float64Array
}

/** A run of letters, digits and marks, with apostrophes and hyphens inside; or any other run without white space. */
const WORD = /[\p{L}\p{N}]+(?:['’.-][\p{L}\p{N}]+)*|[\p{S}]+/gu

/**
 * Logistic scale of support, fitted to true and false words of moving shapes. The probability with the clip decides; what the clip adds to it
 * tells a word that is seen from one that is merely usual.
 */
const SCALE = { offset: 3, withClip: 1.2, gain: 0.2 } as const

/** Words of a text with their support, by sentence. The times of sentences are found elsewhere. */
export function supportOf(
  { text, starts }: { readonly text: string; readonly starts: readonly number[] },
  scores: TokenScores,
): Omit<SupportedSentence, 'begins' | 'ends'>[] {
  const words = [...text.matchAll(WORD)].map((match) => wordAt(match.index, match[0], starts, text.length, scores))
  return sentencesOf(text).map(({ start, end }) => {
    const own = words.filter((word) => word.start >= start && word.start < end)
    const support = own.reduce((least, word) => Math.min(least, word.support), 1)
    return { text: text.slice(start, end), start, end, support, words: own }
  })
}

function wordAt(start: number, text: string, starts: readonly number[], length: number, scores: TokenScores): SupportedWord {
  const end = start + text.length
  let withClip = 0
  let withoutClip = 0
  for (const [token, at] of starts.entries()) {
    if ((starts[token + 1] ?? length) <= start || at >= end) continue
    withClip += scores.withClip[token] ?? 0
    withoutClip += scores.withoutClip[token] ?? 0
  }
  const evidence = SCALE.offset + SCALE.withClip * withClip + SCALE.gain * (withClip - withoutClip)
  return { text, start, end, support: 1 / (1 + Math.exp(-evidence)), withClip, withoutClip }
}
