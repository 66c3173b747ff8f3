import { ARTICLE, type ClauseHead, CONJUNCTION, endOf, hasRelativeObject, headOf, PRONOUN, RELATIVE } from './clause-head.ts'
import { sentenceSpans } from './sentence-spans.ts'
import { type Term, termsOf } from './terms.ts'

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

const BE = /^(?:is|are|was|were)$/iu
const PARTICIPLE = /[aeiouy].*ing$/iu
const OPENING_MARKS = /["'“‘«([]+$/u
/** An apostrophe within a word is none: "he's". */
const CLOSING_MARKS = /^["'”’»)\]]+(?!\p{L})/u

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
  readonly head: ClauseHead
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
      const head = headOf(text, own)
      subject = nameOf(own, head) ?? subject
      const from = place === 0 ? start : first.start
      const clause = text.slice(from, to).trimEnd()
      parts.push({ clause: { text: clause, start: from, end: from + clause.length, sentence, subject }, terms: own, head, place, of })
    }
    if (terms.length === 0)
      parts.push({
        clause: { text: text.slice(start, end), start, end, sentence, subject },
        terms,
        head: headOf(text, []),
        place: 0,
        of: 1,
      })
  }
  return parts
}

/**
 * Writes each clause of a text as a sentence, as subtitles need it: without the conjunction that joined it to another, and with the subject that it
 * shared. "A red circle moves right and then grows." gives "A red circle moves right." and "The red circle grows.". Sentences of one clause stay as they
 * are. Where a subject may not fit, as before a participle without its auxiliary or after a clause whose own is not certain, none is added.
 */
function captionsOf(text: string, parts: readonly ClausePart[]): string[] {
  let subject = ''
  let auxiliary = ''
  return parts.map(({ clause, terms, head, place, of }) => {
    const verb = terms[head.verb]?.text ?? ''
    const participle = PARTICIPLE.test(verb)
    const added = head.subject === 'shared' && place > 0 && subject !== '' && (!participle || auxiliary !== '')
    const caption =
      of === 1
        ? clause.text
        : ended(added ? withSubject(text, clause.end, { terms, head }, [subject, participle ? auxiliary : '']) : shown())
    if (typeof head.subject !== 'string') {
      subject = subjectText(text, head.subject)
      auxiliary = BE.test(verb) ? verb : ''
    } else if (head.subject === 'unclear' || place === 0) subject = ''
    if (hasRelativeObject(terms, head.verb)) subject = ''
    return caption

    /** The clause without conjunctions that are not needed. */
    function shown(): string {
      const first = terms[head.first]
      const joins = first && CONJUNCTION.test(first.text) && head.body === head.first && typeof head.subject !== 'string'
      const from = terms[head.first + (joins ? 1 : 0)]
      return from && from !== terms[0] ? text.slice(startOf(text, from), clause.end) : clause.text
    }
  })
}

/** Writes words into a clause that has no subject: before its verb, and after its introduction. */
function withSubject(text: string, end: number, { terms, head }: Pick<ClausePart, 'terms' | 'head'>, words: readonly string[]): string {
  const first = terms[head.first]
  const body = terms[head.body]
  if (!first || !body) return text.slice(first?.start ?? end, end)
  const introduction = text.slice(startOf(text, first), startOf(text, body)).trimEnd()
  const from = terms.slice(head.body).find((term) => !RELATIVE.test(term.text)) ?? body
  return [introduction, ...words, text.slice(startOf(text, from), end)].filter((part) => part !== '').join(' ')
}

/** A subject as it stands inside a further sentence: "A red circle" becomes "the red circle". Quotes around it stay whole. */
function subjectText(text: string, terms: readonly Term[]): string {
  const [first, last] = [terms[0], terms.at(-1)]
  if (!first || !last) return ''
  const end = endOf(last)
  const closing = CLOSING_MARKS.exec(text.slice(end))?.[0] ?? ''
  const subject = text.slice(startOf(text, first), end + closing.length).replace(/^an?(?=\s)/iu, 'the')
  return first.name ? subject : subject.charAt(0).toLocaleLowerCase('en') + subject.slice(1)
}

/** Where a term begins with the opening quotes and brackets before it. */
function startOf(text: string, { start }: Term): number {
  return start - (OPENING_MARKS.exec(text.slice(0, start))?.[0].length ?? 0)
}

/** With a capital and a full stop. */
function ended(clause: string): string {
  const text = clause.replace(/[\s,;:—–]+$/u, '')
  const sentence = /[.!?…]["'”’)\]]*$/u.test(text) ? text : `${text}.`
  return sentence.charAt(0).toLocaleUpperCase('en') + sentence.slice(1)
}

/** Places in the list of terms at which a further event begins. */
function joints(text: string, terms: readonly Term[]): number[] {
  const found: number[] = []
  let from = 0
  for (let i = 1; i < terms.length; i += 1) {
    const before = terms[i - 1] as Term
    const term = terms[i] as Term
    const separated = /[,;:—–]\s*$/u.test(text.slice(before.start, term.start))
    if (!(separated || term.joint) || !terms.slice(from, i).some(({ verb }) => verb)) continue
    let next = i
    while (next < terms.length && (terms[next]?.joint || terms[next]?.adverb)) next += 1
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
  const stop = others.findIndex(({ joint }) => joint)
  return others.slice(0, stop === -1 ? others.length : stop).some(({ verb }) => verb)
}

/** The words of the subject without articles; undefined if the clause has no subject of its own, or only a pronoun. */
function nameOf(terms: readonly Term[], { subject, verb }: ClauseHead): string | undefined {
  if (subject === 'shared') return undefined
  const named = subject === 'unclear' ? terms.slice(0, verb === -1 ? terms.length : verb) : subject
  const words = named
    .filter(({ text, adverb, joint }) => !adverb && !joint && !ARTICLE.test(text) && !PRONOUN.test(text))
    .map(({ text }) => text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}-]/gu, ''))
    .filter((word) => word !== '')
  return words.length > 0 ? words.join(' ') : undefined
}
