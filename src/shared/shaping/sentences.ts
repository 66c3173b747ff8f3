/** A sentence, and the white space between it and the next one. */
export interface Sentence {
  readonly text: string
  readonly gap: string
}

/** What a line of a list or a heading starts with. */
const LIST_MARK = /^\s*(?:[-*•–]|\d+[.)]|#{1,6})\s+/u
const BLANK_LINE = /\n[^\S\n]*\n/u
const SPACES = /[\s\u0085]+/gu
const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029]/u
/**
 * Ends at which a sentence may go on: common abbreviations, initials and abbreviations of single letters, ordinal numbers. Where one of them does end
 * a sentence, two sentences count as one, which only makes a cut text shorter.
 */
const ABBREVIATION =
  /(?:^|[^\p{L}\p{M}\p{N}])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Sra|Jr|Lt|Col|Gen|Capt|Sgt|Rev|Hon|Mt|vs|etc|approx|No|Nr|Fig|Vol|ca|bzw|Mme|Mlle|\p{L}\p{M}*|\d+)\.\s*$/iu
/** Scripts whose sentences follow each other without a space, and their punctuation. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u
/** Opening quotes and brackets that directly follow the end of a sentence: they belong to the next one, but Unicode's rules give them to the first. */
const OPENING = /(?<=\p{Sentence_Terminal}["'”’»)\]」』）】]*)[\p{Ps}\p{Pi}]+$/u
const ENDED = /\p{Sentence_Terminal}["'”’»)\]]*$/u

/**
 * Divides a text into sentences by Unicode's rules, except that no sentence ends after an abbreviation, or before a word in lower case. A blank line
 * and a line of a list always end one. Together they are the whole text.
 */
export function sentencesOf(text: string, language: string): Sentence[] {
  const pieces: string[] = []
  let before = ''
  for (const segment of segmentsOf(text, language)) {
    const blank = segment.trim() === ''
    if (blank || goesOn(before, segment)) pieces.push((pieces.pop() ?? '') + segment)
    else pieces.push(segment)
    before = blank ? before + segment : segment
  }
  return pieces.map((piece) => {
    const sentence = piece.trimEnd()
    return { text: sentence, gap: piece.slice(sentence.length) }
  })
}

/** Segments of a text by Unicode's rules, with opening quotes at their beginning. */
function segmentsOf(text: string, language: string): string[] {
  let opening = ''
  const segments = [...new Intl.Segmenter(language, { granularity: 'sentence' }).segment(text)].map(({ segment }) => {
    const whole = opening + segment
    opening = OPENING.exec(whole)?.[0] ?? ''
    return whole.slice(0, whole.length - opening.length)
  })
  return opening === '' ? segments : [...segments.slice(0, -1), (segments.at(-1) ?? '') + opening]
}

/** Whether two segments of Unicode's rules are of one sentence. */
function goesOn(before: string, next: string): boolean {
  if (LIST_MARK.test(next) || BLANK_LINE.test(before)) return false
  if (/^[^\p{L}\p{N}]*\p{Ll}/u.test(next)) return true
  return !LINE_BREAK.test(before) && ABBREVIATION.test(before)
}

/** Whether a sentence has its full stop, or another mark that ends one. */
export function isEnded(sentence: string): boolean {
  return ENDED.test(sentence)
}

/** Removes what a line of a list or a heading starts with. */
export function withoutListMark(text: string): string {
  return text.replace(LIST_MARK, '')
}

/** Puts a text on one line: white space with a line break becomes a space, or nothing in scripts without spaces; so do several spaces in a row. */
export function onOneLine(text: string): string {
  return text
    .replace(SPACES, (spaces, at: number) => {
      if (LINE_BREAK.test(spaces)) return between(text.slice(0, at), text.slice(at + spaces.length))
      return spaces.length > 1 || spaces === '\t' ? ' ' : spaces
    })
    .trim()
}

/** What stands between two texts in a row: a space, except between characters of scripts that have none. */
export function between(before: string, after: string): '' | ' ' {
  const [last = '', first = ''] = [before.at(-1), after.at(0)]
  return last === '' || first === '' || /\s/u.test(last) || (UNSPACED.test(last) && UNSPACED.test(first)) ? '' : ' '
}

/** Counts the words of a text by Unicode's rules; in Chinese, Japanese and Thai by a dictionary. */
export function countWords(text: string, language: string): number {
  let count = 0
  for (const { isWordLike } of new Intl.Segmenter(language, { granularity: 'word' }).segment(text)) if (isWordLike) count += 1
  return count
}
