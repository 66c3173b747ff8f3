import { rules } from './ptb-rules.ts'

/** Tokens that pycocoevalcap removes. It lists bracket tokens in upper case, but they occur in lower case, so they are kept. */
const removed = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';'])

/** Plain words between spaces, which are most of every caption, need no rules, except those that are split in two. */
const plain = /[a-z]+(?=\s|$)/y
const cutInTwo = new Set(['cannot', 'gonna', 'gotta', 'lemme', 'gimme', 'wanna'])

/**
 * Tokenizes a caption for CIDEr: lower case, Penn Treebank tokenization, without punctuation. The result equals pycocoevalcap's for a caption that
 * was lower-cased first, as upstream's are. Drops characters that its tokenizer does not recognize (emoji).
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
    // A telephone number or a tag may contain spaces, at which CIDEr splits again.
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

/** Replaces brackets in a longer token (a telephone number, an emoticon), and removes the invisible soft hyphen. */
function bracketed(word: string): string {
  return word.replaceAll('(', '-lrb-').replaceAll(')', '-rrb-').replaceAll('\u00ad', '')
}
