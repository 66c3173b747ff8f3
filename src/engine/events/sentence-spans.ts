import { sentencesOf, withoutListMark } from '../../shared/shaping/sentences.ts'

/** A sentence of a text, without the white space around it and without the mark of a list or a heading before it. */
export interface SentenceSpan {
  /** Indices of UTF-16 units: first, and after the last. */
  readonly start: number
  readonly end: number
  /** Whether it is a heading of Markdown, which tells no event. */
  readonly heading: boolean
}

const HEADING = /^\s*#{1,6}\s/u
const LETTER = /\p{L}/u
/** Parts that say something: an answer may be a number alone, as to the question how many there are. */
const SAID = /[\p{L}\p{N}]/u
/** The mark of a line of a list on a line of its own. */
const LONE_MARK = /^\d+[.)]$/u

/**
 * Returns the places of the sentences of a text, in any language. Rules, numbers of lists and other parts without letters are left out, except that the numbers
 * of a text without any letter are kept.
 */
export function sentenceSpans(text: string): SentenceSpan[] {
  const numbersOnly = !LETTER.test(text)
  const spans: SentenceSpan[] = []
  let at = 0
  // The language decides nothing but the Greek question mark.
  for (const sentence of sentencesOf(text, 'en')) {
    const shown = withoutListMark(sentence.text).trimStart()
    const end = at + sentence.text.length
    if (numbersOnly ? SAID.test(shown) : SAID.test(shown) && !LONE_MARK.test(shown))
      spans.push({ start: end - shown.length, end, heading: HEADING.test(sentence.text) })
    at = end + sentence.gap.length
  }
  return spans
}
