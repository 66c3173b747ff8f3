import nlp from 'compromise'
import { sentenceSpans } from './sentence-spans.ts'

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
  /** A sentence that says the same to someone who reads nothing before it. */
  readonly caption: string
}

/** A term of a sentence, as the tagger sees it. */
interface Term {
  readonly text: string
  readonly start: number
  readonly verb: boolean
  readonly noun: boolean
  readonly adverb: boolean
}

/** Words that may begin a further event in a sentence. */
const JOINT = /^(?:and|then|but|before|after|while|until|as|when)$/iu
/** Articles of a single thing: a word in -s after such a thing is its verb. */
const SINGULAR = /^(?:a|an|another|one|each|every)$/iu
const PRONOUN = /^(?:he|she|it|they|who|which|that|this|these|both)$/iu
/** Joints that say nothing about the relation of two events. */
const PLAIN_JOINT = /^(?:and|then|but)$/iu
const RELATIVE = /^(?:who|which|that)$/iu
/** A word in the place of a subject that stands for nothing. */
const EXPLETIVE = /^there$/iu
const BE = /^(?:is|are|was|were)$/iu
const PARTICIPLE = /[aeiouy].*ing$/iu
const ARTICLE = /^(?:a|an|the|this|that|his|her|its|their|another|one|two|three|some|several)$/iu

/**
 * Divides a description into clauses, each of which tells one event: its sentences, divided again where a conjunction, a comma or a semicolon is
 * followed by a verb with or without a subject of its own. "X moves right and then grows." has two. Parts of speech are only known for English;
 * text in other languages is divided into sentences.
 */
export function clausesOf(text: string): Clause[] {
  const parts = partsOf(text)
  const captions = captionsOf(text, parts)
  return parts.map(({ clause }, i) => ({ ...clause, caption: captions[i] ?? clause.text }))
}

/** A clause with its terms. `place` is 0 for the first clause of a sentence, `of` the number of clauses in the sentence. */
interface ClausePart {
  readonly clause: Omit<Clause, 'caption'>
  readonly terms: readonly Term[]
  readonly place: number
  readonly of: number
}

function partsOf(text: string): ClausePart[] {
  const parts: ClausePart[] = []
  let subject = ''
  const sentences = sentenceSpans(text)
  const toldInHeadings = sentences.every(({ heading }) => heading)
  for (const [sentence, { start, end, heading }] of sentences.entries()) {
    if (heading && !toldInHeadings) continue
    const terms = termsOf(text.slice(start, end), start)
    const places = [0, ...joints(text, terms), terms.length]
    const of = places.length - 1
    for (let place = 0; place < of; place += 1) {
      const own = terms.slice(places[place], places[place + 1])
      const [first] = own
      if (!first) continue
      const to = terms[places[place + 1] ?? terms.length]?.start ?? end
      subject = subjectOf(own) ?? subject
      const from = place === 0 ? start : first.start
      const clause = text.slice(from, to).trimEnd()
      parts.push({ clause: { text: clause, start: from, end: from + clause.length, sentence, subject }, terms: own, place, of })
    }
    if (terms.length === 0) parts.push({ clause: { text: text.slice(start, end), start, end, sentence, subject }, terms, place: 0, of: 1 })
  }
  return parts
}

/**
 * Writes each clause of a text as a sentence, as subtitles need it: without the conjunction that joined it to another, and with the subject that it
 * shared. "A red circle moves right and then grows." gives "A red circle moves right." and "The red circle grows.". Sentences of one clause stay as they
 * are. Where a subject may not fit, as before a participle without its auxiliary, none is added.
 */
function captionsOf(text: string, parts: readonly ClausePart[]): string[] {
  let subject = ''
  let auxiliary = ''
  return parts.map(({ clause, terms, place, of }) => {
    const verb = terms.findIndex((term) => term.verb)
    const joined = terms.findIndex((term) => !JOINT.test(term.text))
    const before = terms.slice(Math.max(0, joined), Math.max(0, verb)).filter(({ adverb }) => !adverb)
    const [first] = before
    const shared = verb !== -1 && before.every(({ text: word }) => RELATIVE.test(word))
    if (first && verb !== -1 && !shared && !EXPLETIVE.test(first.text)) {
      // Without a relative clause, as in "a man who wears a hat walks".
      const last = before[before.findIndex(({ text: word }) => RELATIVE.test(word)) - 1] ?? before.at(-1) ?? first
      subject = text
        .slice(first.start, endOf(last))
        .replace(/^an?(?=\s)/iu, 'the')
        .replace(/[\s,]+$/u, '')
      auxiliary = BE.test(terms[verb]?.text ?? '') ? (terms[verb]?.text ?? '') : ''
    }
    if (of === 1) return clause.text
    const participle = PARTICIPLE.test(terms[verb]?.text ?? '')
    const added = place > 0 && shared && subject !== '' && (!participle || auxiliary !== '')
    const from =
      added || !shared ? terms[Math.max(0, joined) + (added ? before.length : 0)] : terms.find((term) => !PLAIN_JOINT.test(term.text))
    const rest = text.slice(from?.start ?? clause.start, clause.end).replace(/[\s,;:—–]+$/u, '')
    const sentence = added ? [subject, ...(participle ? [auxiliary] : []), rest].join(' ') : rest
    const ended = /[.!?…]["'”’)\]]*$/u.test(sentence) ? sentence : `${sentence}.`
    return ended.charAt(0).toLocaleUpperCase('en') + ended.slice(1)
  })
}

function endOf({ start, text }: Term): number {
  return start + text.length
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
    .map(({ text }) => text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}-]/gu, ''))
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
