import nlp from 'compromise'

/** A part of a description that tells one event, with its place in the text. */
export interface Clause {
  readonly text: string
  /** Indices of UTF-16 units: first, and after the last. */
  readonly start: number
  readonly end: number
  /** Place of its sentence in the text, from 0. */
  readonly sentence: number
  /** What the clause is about, in lower case: its subject, or that of the clause that it continues. */
  readonly subject: string
}

export interface TextSpan {
  readonly start: number
  readonly end: number
}

/** A term of a sentence, as the tagger sees it. */
interface Term {
  readonly text: string
  readonly start: number
  readonly verb: boolean
  readonly noun: boolean
  readonly adverb: boolean
}

/** A full stop, question or exclamation mark with closing quotes, or a line break, that ends a sentence. */
const SENTENCE_END = /(?:[.!?]+["'”’)\]]*(?=\s|$)|\n+)/gu
/** Abbreviations whose full stop ends no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|approx|no|fig)\.$/iu
/** Words that may begin a further event in a sentence. */
const JOINT = /^(?:and|then|but|before|after|while|until|as|when)$/iu
/** Articles of a single thing: a word in -s after such a thing is its verb. */
const SINGULAR = /^(?:a|an|another|one|each|every)$/iu
const PRONOUN = /^(?:he|she|it|they|who|which|that|this|these|both)$/iu
const ARTICLE = /^(?:a|an|the|this|that|his|her|its|their|another|one|two|three|some|several)$/iu

/** Returns the sentences of a text without the white space around them. */
export function sentencesOf(text: string): TextSpan[] {
  const spans: TextSpan[] = []
  let from = 0
  const add = (to: number) => {
    const part = text.slice(from, to)
    const start = from + part.length - part.trimStart().length
    if (part.trim() !== '') spans.push({ start, end: start + part.trim().length })
    from = to
  }
  for (const match of text.matchAll(SENTENCE_END)) {
    const to = match.index + match[0].length
    if (!ABBREVIATION.test(text.slice(from, to))) add(to)
  }
  add(text.length)
  return spans
}

/**
 * Divides a description into clauses, each of which tells one event: its sentences, divided again where a conjunction, a comma or a semicolon is
 * followed by a verb with or without a subject of its own. "X moves right and then grows." has two. Parts of speech are only known for English;
 * text in other languages is divided into sentences.
 */
export function clausesOf(text: string): Clause[] {
  const clauses: Clause[] = []
  let subject = ''
  for (const [sentence, { start, end }] of sentencesOf(text).entries()) {
    const terms = termsOf(text.slice(start, end), start)
    const places = [0, ...joints(text, terms), terms.length]
    for (let i = 0; i + 1 < places.length; i += 1) {
      const part = terms.slice(places[i], places[i + 1])
      const [first] = part
      if (!first) continue
      const to = terms[places[i + 1] ?? terms.length]?.start ?? end
      subject = subjectOf(part) ?? subject
      const clause = text.slice(i === 0 ? start : first.start, to).trimEnd()
      const from = i === 0 ? start : first.start
      clauses.push({ text: clause, start: from, end: from + clause.length, sentence, subject })
    }
    if (terms.length === 0) clauses.push({ text: text.slice(start, end), start, end, sentence, subject })
  }
  return clauses
}

/** Places in the list of terms at which a further event begins. */
function joints(text: string, terms: readonly Term[]): number[] {
  const found: number[] = []
  let from = 0
  for (let i = 1; i < terms.length; i += 1) {
    const before = terms[i - 1] as Term
    const term = terms[i] as Term
    const separated = /[,;:—–]\s*$/u.test(text.slice(before.start, term.start))
    if (!(separated || JOINT.test(term.text)) || !terms.slice(from, i).some(({ verb }) => verb)) continue
    let next = i
    while (next < terms.length && (JOINT.test(terms[next]?.text ?? '') || terms[next]?.adverb)) next += 1
    if (!beginsEvent(terms, next) && !/;\s*$/u.test(text.slice(before.start, term.start))) continue
    found.push(i)
    from = i
    i = next
  }
  return found
}

/** Whether a verb stands at a place, or a noun phrase that is followed by one. */
function beginsEvent(terms: readonly Term[], place: number): boolean {
  const [first, ...others] = terms.slice(place)
  if (!first) return false
  if (first.verb) return true
  if (!first.noun && !ARTICLE.test(first.text) && !PRONOUN.test(first.text)) return false
  const stop = others.findIndex(({ text }) => JOINT.test(text))
  return others.slice(0, stop === -1 ? others.length : stop).some(({ verb }) => verb)
}

/** The words before the verb without articles; undefined if the clause has no subject of its own, or only a pronoun. */
function subjectOf(terms: readonly Term[]): string | undefined {
  const verb = terms.findIndex((term) => term.verb)
  const words = terms
    .slice(0, verb === -1 ? terms.length : verb)
    .filter(({ text, adverb }) => !adverb && !JOINT.test(text) && !ARTICLE.test(text))
    .map(({ text }) => text.toLowerCase().replace(/[^\p{L}\p{N}-]/gu, ''))
  const own = words.filter((word) => word !== '' && !PRONOUN.test(word))
  return own.length > 0 ? own.join(' ') : undefined
}

function termsOf(sentence: string, offset: number): Term[] {
  const terms: Term[] = []
  let at = 0
  for (const { terms: [term] = [] } of nlp(sentence)
    .terms()
    .json({ terms: { tags: true } }) as readonly { terms?: readonly TaggedTerm[] }[]) {
    if (!term || term.text === '') continue
    const place = sentence.indexOf(term.text, at)
    if (place === -1) continue
    at = place + term.text.length
    const has = (tag: string) => term.tags.includes(tag)
    const tagged = { text: term.text, start: offset + place, verb: has('Verb'), noun: has('Noun') || has('Pronoun'), adverb: has('Adverb') }
    terms.push(isVerbOfSingular(tagged, terms) ? { ...tagged, verb: true, noun: false } : tagged)
  }
  return terms
}

/** The tagger often takes verbs such as "watches" in "a woman watches" for nouns in the plural. */
function isVerbOfSingular({ text, noun }: Term, before: readonly Term[]): boolean {
  if (!noun || !/[^s]s$/iu.test(text) || !before.at(-1)?.noun) return false
  const article = before.findLastIndex((term) => SINGULAR.test(term.text))
  return article !== -1 && before.slice(article + 1).every((term) => !term.verb && !/[^s]s$/iu.test(term.text) && !JOINT.test(term.text))
}

interface TaggedTerm {
  readonly text: string
  readonly tags: readonly string[]
}
