import { unspacedCharacter } from '../unspaced-scripts.ts'

/** Characters that belong to a word. */
const WORD = '[\\p{L}\\p{M}\\p{N}_]'
/** What may follow a removed opening: `In this video, a man …`. */
const AFTER = /[\s,;:،，、：；…\p{Sentence_Terminal}]*/uy

/**
 * Compiles a term: words in a row, each with alternatives (`the|this video`), regardless of case and of how wide the spaces are. A `*` at the end of a
 * word stands for any further letters. Only whole words match, except in scripts without spaces.
 */
function pattern(term: string): string {
  return term
    .trim()
    .split(/\s+/u)
    .map((word) => `(?:${word.split('|').map(alternative).join('|')})`)
    .join('\\s+')
}

function alternative(word: string): string {
  const open = word.length > 1 && word.endsWith('*')
  const letters = open ? word.slice(0, -1) : word
  const [first = '', last = ''] = [[...letters][0], [...letters].at(-1)]
  const start = unspacedCharacter.test(first) ? '' : `(?<!${WORD})`
  const end = open ? `${WORD}*` : unspacedCharacter.test(last) ? '' : `(?!${WORD})`
  return `${start}${escaped(letters)}${end}`
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&').replace(/['’]/gu, "['’]")
}

/** Returns a function that finds the first of the terms in a text; null if there is none. */
export function termFinder(terms: readonly string[]): (text: string) => string | null {
  if (terms.length === 0) return () => null
  const any = new RegExp(terms.map(pattern).join('|'), 'iu')
  return (text) => any.exec(text)?.[0] ?? null
}

/**
 * Returns a function that removes openings from the start of a sentence, with the comma and the spaces after them, until it starts with none.
 * Returns null if it starts with none, and an empty text if nothing else is left.
 */
export function openingRemover(openings: readonly string[]): (sentence: string) => string | null {
  if (openings.length === 0) return () => null
  const patterns = openings.map((opening) => new RegExp(pattern(opening), 'iuy'))
  return (sentence) => {
    let at = 0
    for (;;) {
      // The longest one: "the video" would leave "shows" of "the video shows".
      const end = Math.max(...patterns.map((opening) => matchEnd(opening, sentence, at)))
      if (end === at) return at === 0 ? null : sentence.slice(at)
      at = matchEnd(AFTER, sentence, end)
    }
  }
}

/** Where a match of a sticky expression that starts at a place ends; that place if there is none. */
function matchEnd(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : at
}
