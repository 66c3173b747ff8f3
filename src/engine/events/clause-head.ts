import type { Term } from './terms.ts'

/** What stands in a clause before its verb. */
export interface ClauseHead {
  /** Index of the first term after conjunctions that say nothing about two events, as "and". */
  readonly first: number
  /** Index of the first term after an introduction, as "after a pause,"; that of `first` without one. */
  readonly body: number
  /** What the clause is about: terms of its own, the subject of the clause before it (no terms), or nothing that is certain. */
  readonly subject: readonly Term[] | 'shared' | 'unclear'
  /** Index of the verb; -1 without one. */
  readonly verb: number
}

export const ARTICLE = /^(?:a|an|the|this|that|his|her|its|their|another|one|two|three|some|several)$/iu
export const PRONOUN = /^(?:he|she|it|they|who|which|that|this|these|both)$/iu
export const RELATIVE = /^(?:who|which|that)$/iu
/** Joints that say nothing about the relation of two events. */
const PLAIN_JOINT = /^(?:and|then|but)$/iu
/** Joints after which a subject and a verb follow. The others may be prepositions: "after the race". */
export const CONJUNCTION = /^(?:while|when)$/iu
const PERSONAL = /^(?:he|she|it|they|we|you|i)$/iu
/** A word in the place of a subject that stands for nothing. */
const EXPLETIVE = /^there$/iu
const AND = /^(?:and|or)$/iu
const TIME = /^(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|moments?|instants?|while|pause|bit|time|beat)$/iu
/** The end of an introduction without a preposition, as "a few seconds later". */
const LATER = /^(?:later|ago|earlier|afterwards?)$/iu

/**
 * Finds the subject of a clause. Words such as "after" begin a phrase ("after a pause, he leaves") as well as a subject and a verb ("after he leaves"): the subject
 * is what stands after the phrase's comma, or is otherwise known to end it. Where more than one reading is likely it is unclear.
 */
export function headOf(text: string, terms: readonly Term[]): ClauseHead {
  const plain = terms.findIndex((term) => !PLAIN_JOINT.test(term.text))
  const first = plain === -1 ? terms.length : plain
  const introduced = endOfIntroductions(text, terms, first)
  const verb = terms.findIndex((term, i) => i >= introduced && term.verb)
  if (verb === -1) return { first, body: introduced, subject: 'unclear', verb }
  const before = terms.slice(introduced, verb).filter(({ adverb }) => !adverb)
  const timed = endOfTime(before)
  if (timed === before.length && timed > 0) return { first, body: verb, subject: 'shared', verb }
  return { first, body: introduced, subject: subjectIn(text, before.slice(timed), terms[verb] as Term), verb }
}

/** Number of words of a phrase of time at the beginning that is not followed by a comma: "a few seconds later", "after a moment". */
function endOfTime(words: readonly Term[]): number {
  const later = words.findLastIndex((term) => LATER.test(term.text))
  if (later !== -1) return later + 1
  const [first] = words
  const nouns = words.slice(1)
  const isPhrase = first && mayBePreposition(first) && nouns.length > 0 && TIME.test(nouns.at(-1)?.text ?? '')
  return isPhrase && !nouns.some(({ preposition }) => preposition) && places(nouns).length <= 1 ? words.length : 0
}

/** Index of the first term after phrases that end with a comma: "after a pause,", "in the background,", "walking slowly,". */
function endOfIntroductions(text: string, terms: readonly Term[], from: number): number {
  let body = from
  for (;;) {
    const start = terms.findIndex((term, i) => i >= body && !term.adverb)
    const first = terms[start]
    if (!first || !(first.joint || first.preposition || (first.verb && start === 0))) return body
    const end = terms.findIndex((term, i) => i >= start && /[,:—–]/u.test(text.slice(endOf(term), terms[i + 1]?.start ?? endOf(term))))
    const next = terms[end + 1]
    if (end === -1 || !next || terms.slice(start + 1, end + 1).some(({ verb }) => verb)) return body
    // A comma after an adjective may divide two: "when the big, red ball falls".
    if (next.verb ? first.verb : terms[end]?.adjective) return body
    body = end + 1
  }
}

function subjectIn(text: string, words: readonly Term[], verb: Term): ClauseHead['subject'] {
  const [first] = words
  if (words.every((term) => RELATIVE.test(term.text))) return 'shared'
  if (!first || EXPLETIVE.test(first.text)) return 'unclear'
  const last = words.at(-1) as Term
  if (PERSONAL.test(last.text) && !AND.test(words.at(-2)?.text ?? '')) return [last]
  if (CONJUNCTION.test(first.text)) return subjectIn(text, words.slice(1), verb)
  if (first.joint || first.preposition) return text.slice(first.start, verb.start).includes(',') ? 'unclear' : subjectAfterPhrase(words)
  // Without a relative clause, as in "a man who wears a hat walks".
  const relative = words.findIndex((term) => RELATIVE.test(term.text))
  const named = relative > 0 ? words.slice(0, relative) : words
  const comma = named.findIndex((term, i) => text.slice(endOf(term), named[i + 1]?.start ?? verb.start).includes(','))
  if (comma === -1 || comma === named.length - 1) return named
  // A list has an "and" after its last comma; a name of the same thing stands between two commas.
  if (named.slice(comma + 1).some((term) => AND.test(term.text))) return named
  return text.slice(endOf(named.at(-1) as Term), verb.start).includes(',') ? named.slice(0, comma + 1) : 'unclear'
}

/** The subject after a preposition, or after a joint that may be one, where no comma stands between them. */
function subjectAfterPhrase([first, ...words]: readonly Term[]): readonly Term[] | 'unclear' {
  if (!first || words.length === 0 || words.some(({ preposition, joint }) => preposition || joint)) return 'unclear'
  const starts = places(words)
  if (starts.length === 2 && starts[0] === 0) return words.slice(starts[1])
  return starts.length <= 1 && first.joint ? words : 'unclear'
}

/** Places at which noun phrases begin with an article. */
function places(words: readonly Term[]): number[] {
  return words.flatMap(({ text }, i) => (ARTICLE.test(text) && !ARTICLE.test(words[i - 1]?.text ?? '') ? [i] : []))
}

function mayBePreposition({ text, joint, preposition }: Term): boolean {
  return preposition || (joint && !CONJUNCTION.test(text))
}

/** Whether the object of the verb has a clause of its own, whose subject a following clause may share: "shows a man who is talking and then waves". */
export function hasRelativeObject(terms: readonly Term[], verb: number): boolean {
  return verb !== -1 && terms.some((term, i) => i > verb && RELATIVE.test(term.text) && terms[i + 1]?.verb)
}

/** Index of the UTF-16 unit after a term. */
export function endOf({ start, text }: Term): number {
  return start + text.length
}
