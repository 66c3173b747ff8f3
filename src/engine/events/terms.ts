import nlp from 'compromise'

/** A term of a sentence, as the tagger sees it. */
export interface Term {
  readonly text: string
  /** Index of its first UTF-16 unit in the text. Quotes and brackets around it are no part of it. */
  readonly start: number
  readonly verb: boolean
  readonly noun: boolean
  readonly adverb: boolean
  readonly adjective: boolean
  readonly preposition: boolean
  /** Whether it is a name, which begins with a capital everywhere. */
  readonly name: boolean
  /** Whether it may begin a further event in a sentence. */
  readonly joint: boolean
}

const CONTRACTED = /['’](?:s|re|ve|ll|d|m)$/iu
const JOINT = /^(?:and|then|but|before|after|while|until|as|when)$/iu
/** Articles of a single thing: a word in -s after such a thing is its verb. */
const SINGULAR = /^(?:a|an|another|one|each|every)$/iu

/** Returns the terms of a sentence that begins at `offset` in its text. */
export function termsOf(sentence: string, offset: number): Term[] {
  const terms: Term[] = []
  let at = 0
  for (const { terms: [term] = [] } of nlp(sentence)
    .terms()
    .json({ terms: { tags: true } }) as readonly { terms?: readonly TaggedTerm[] }[]) {
    if (term?.text === '' && term.tags.includes('Verb')) divideContraction(terms)
    if (!term || term.text === '') continue
    const place = sentence.indexOf(term.text, at)
    if (place === -1) continue
    at = place + term.text.length
    const has = (tag: string) => term.tags.includes(tag)
    const noun = has('Noun') || has('Pronoun')
    const tagged = {
      text: term.text,
      start: offset + place,
      verb: has('Verb'),
      noun,
      adverb: has('Adverb'),
      adjective: has('Adjective'),
      preposition: has('Preposition'),
      name: has('ProperNoun') || has('Acronym') || term.text === 'I',
      // "A while" is a noun.
      joint: JOINT.test(term.text) && !noun,
    }
    terms.push(isVerbOfSingular(tagged, terms) ? { ...tagged, verb: true, noun: false } : tagged)
  }
  return terms
}

/** The tagger gives "he's" as a noun, and then its "is" without a text. Divides the last term into both. */
function divideContraction(terms: Term[]): void {
  const last = terms.at(-1)
  const verb = last && CONTRACTED.exec(last.text)
  if (!last || !verb) return
  const start = last.start + verb.index
  terms.splice(-1, 1, { ...last, text: last.text.slice(0, verb.index) }, { ...last, text: verb[0], start, verb: true, noun: false })
}

/** The tagger often takes verbs such as "watches" in "a woman watches" for nouns in the plural. */
function isVerbOfSingular({ text, noun }: Term, before: readonly Term[]): boolean {
  if (!noun || !/[^s]s$/iu.test(text) || !before.at(-1)?.noun) return false
  const article = before.findLastIndex((term) => SINGULAR.test(term.text))
  return article !== -1 && before.slice(article + 1).every((term) => !term.verb && !/[^s]s$/iu.test(term.text) && !term.joint)
}

interface TaggedTerm {
  readonly text: string
  readonly tags: readonly string[]
}
