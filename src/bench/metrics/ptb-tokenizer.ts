import { rules } from './ptb-rules.ts'

/** Tokens that pycocoevalcap removes. It lists brackets in capitals, but they come in small letters and so stay. */
const removed = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';'])

/** Plain words between blanks, most of every caption, need no rules, but for those that are cut in two. */
const plain = /[a-z]+(?=\s|$)/y
const cutInTwo = new Set(['cannot', 'gonna', 'gotta', 'lemme', 'gimme', 'wanna'])

/**
 * A caption as the words that CIDEr compares: lower case, cut by the Penn Treebank's rules, without punctuation. Equal to what pycocoevalcap makes of a caption
 * that was lower-cased first, as upstream's are. Characters that its tokenizer does not know (emoji) are left out.
 */
export function tokenizeCaption(caption: string): string[] {
  const text = caption
    .toLowerCase()
    .replaceAll(/[\u2019\u0092]|&apos;/g, "'")
    .replaceAll('\u2018', '`')
  const tokens: string[] = []
  let at = 0
  while (at < text.length) {
    const { length, token } = longestAt(text, at)
    // A telephone number or a tag may hold blanks, at which CIDEr cuts once more.
    tokens.push(...token.split(/\s+/).filter((part) => part !== '' && !removed.has(part)))
    at += length
  }
  return tokens
}

function longestAt(text: string, at: number): { length: number; token: string } {
  plain.lastIndex = at
  const word = plain.exec(text)?.[0]
  if (word !== undefined && !cutInTwo.has(word)) return { length: word.length, token: word }
  let longest = 0
  let found = { length: text.codePointAt(at)! > 0xffff ? 2 : 1, token: '' }
  for (const { pattern, becomes } of rules) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (!match) continue
    const [word, ahead = ''] = match
    if (word.length + ahead.length <= longest) continue
    longest = word.length + ahead.length
    found = { length: word.length, token: becomes ? becomes(word) : bracketed(word) }
  }
  return found
}

/** Brackets within a longer word (a telephone number, a face), and the soft hyphen, which is not seen. */
function bracketed(word: string): string {
  return word.replaceAll('(', '-lrb-').replaceAll(')', '-rrb-').replaceAll('\u00ad', '')
}
