import type { SupportedSentence, SupportedWord } from '../../shared/timed-text.ts'
import { unspacedCharacter } from '../../shared/unspaced-scripts.ts'
import { sentenceSpans } from './sentence-spans.ts'

/** Log probabilities of the tokens of a text. */
interface TokenScores {
  readonly withClip: Float64Array
  readonly withoutClip: Float64Array
}

/** A word with its scores. */
type ScoredWord = Pick<SupportedWord, 'text' | 'withClip' | 'withoutClip'>

/** A run of letters, digits, and marks and joiners on them, with apostrophes and hyphens inside; or a run of symbols. */
const WORD =
  /[\p{L}\p{N}][\p{L}\p{M}\p{N}\p{Join_Control}]*(?:['’.-][\p{L}\p{N}][\p{L}\p{M}\p{N}\p{Join_Control}]*)*|\p{S}[\p{S}\p{M}\p{Join_Control}]*/gu
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
/** Articles whose form depends on the next word. */
const AGREEING = /^an?$/iu

/**
 * Logistic scale of support: even at a log probability of -3.7. Fitted with `tools/demo-model/fit-support.ts` to all words of 110 true captions of
 * moving shapes and to the false word of each after an exchange (`demo:evaluate -- --check --seed 101`, 16 frames), both kinds with equal weight.
 */
const SCALE = { offset: 4.22, slope: 1.15 } as const

/** Words of a text with their support, by sentence. The times of sentences are found elsewhere. */
export function supportOf(
  { text, starts }: { readonly text: string; readonly starts: readonly number[] },
  scores: TokenScores,
): Omit<SupportedSentence, 'begins' | 'ends'>[] {
  const words = wordsOf(text).map(([start, word]) => wordAt(start, word, starts, text.length, scores))
  return sentenceSpans(text).map(({ start, end }) => {
    const own = words.filter((word) => word.start >= start && word.start < end)
    const evidence = evidenceOf(own)
    const supported = own.map((word, i) => ({ ...word, support: scaled(evidence[i] ?? 0) }))
    const support = supported.reduce((least, word) => Math.min(least, word.support), 1)
    return { text: text.slice(start, end), start, end, support, words: supported }
  })
}

/** Words of a text with their places. Those of scripts without spaces are found by a dictionary. */
function wordsOf(text: string): [start: number, word: string][] {
  return [...text.matchAll(WORD)].flatMap(({ 0: run, index }): [number, string][] =>
    unspacedCharacter.test(run)
      ? [...segmenter.segment(run)].flatMap(({ segment, index: place, isWordLike }) => (isWordLike ? [[index + place, segment]] : []))
      : [[index, run]],
  )
}

/**
 * How much the clip speaks for each word of a sentence: a log probability of at most 0, by which words are compared.
 *
 * It is the log probability with the clip. What the clip adds, which is that minus the one without the clip, tells false words from true ones less
 * well: a model that sees nothing may find any word unlikely. There are two exceptions:
 * - "a" and "an" count for the next word instead of themselves: "an" contradicts a clip that shows a red thing, and "orange" after it does not.
 * - Words after one that the clip contradicts follow a text that is false, and may be unlikely for that alone. Only what the clip takes away from
 *   them counts, because the probability without the clip follows the same text.
 */
export function evidenceOf(words: readonly ScoredWord[]): number[] {
  const sums = words.map(({ withClip, withoutClip }) => ({ withClip, withoutClip }))
  for (const [i, { text }] of words.entries()) {
    const [article, next] = [sums[i], sums[i + 1]]
    if (!article || !next || !AGREEING.test(text)) continue
    sums[i + 1] = { withClip: article.withClip + next.withClip, withoutClip: article.withoutClip + next.withoutClip }
    sums[i] = { withClip: 0, withoutClip: 0 }
  }
  let contradicted = false
  return sums.map(({ withClip, withoutClip }) => {
    const evidence = Math.min(0, contradicted ? Math.max(withClip, withClip - withoutClip) : withClip)
    if (scaled(evidence) < 0.5) contradicted = true
    return evidence
  })
}

function scaled(evidence: number): number {
  return 1 / (1 + Math.exp(-SCALE.offset - SCALE.slope * evidence))
}

function wordAt(
  start: number,
  text: string,
  starts: readonly number[],
  length: number,
  scores: TokenScores,
): Omit<SupportedWord, 'support'> {
  const end = start + text.length
  let withClip = 0
  let withoutClip = 0
  for (const [token, at] of starts.entries()) {
    if ((starts[token + 1] ?? length) <= start || at >= end) continue
    withClip += scores.withClip[token] ?? 0
    withoutClip += scores.withoutClip[token] ?? 0
  }
  return { text, start, end, withClip, withoutClip }
}
