import type { DreamVerdict, OpenVerdict } from '../metrics/verdicts.ts'
import type { Prediction } from '../prediction.ts'
import { type EventRelation, eventsIn, relate } from './events.ts'
import { backgroundNames, colorNames, motionWords, shapeNames } from './world.ts'

/** Name of the judge, printed with scores. It judges only moving-shapes, whose answers are in a closed language. */
export const RULE_JUDGE = 'rule'
/** Increased whenever the rules below change. */
export const RULE_VERSION = '1'

/** The number of events that AutoDQ extracts. */
const MAX_EVENTS = 10

export interface RuledDescription {
  readonly verdict: DreamVerdict
  /** The annotated events judged against the description, and its own events judged against the reference. */
  readonly reference: readonly EventRelation[]
  readonly predicted: readonly EventRelation[]
}

/** Computes AutoDQ without a language model: extracts the events of both texts and matches them by rule. Null if there is no description. */
export function judgeDescription({ key, dataset, extraInfo, reference, prediction }: Prediction): RuledDescription | null {
  if (prediction === null) return null
  const right = String(reference)
  const annotated = Array.isArray(extraInfo.events) ? extraInfo.events.map(String) : eventsIn(right)
  const described = [...new Set(eventsIn(prediction))].slice(0, MAX_EVENTS)
  const found = annotated.map((event) => relate(event, prediction))
  const own = described.map((event) => relate(event, right))
  return { verdict: { key, dataset, extraInfo, recall: count(found), precision: count(own) }, reference: found, predicted: own }
}

/** Answer words for each kind of question; other words of a sentence are ignored. */
const answers: Readonly<Record<string, readonly string[]>> = {
  background: backgroundNames,
  color: colorNames,
  count: ['one', 'two'],
  first: Object.values(motionWords),
  last: Object.values(motionWords),
  motion: Object.values(motionWords),
  presence: ['yes', 'no'],
  shape: shapeNames,
}

/**
 * Judges an open answer: correct if it contains exactly the reference's answer words, in their order. Otherwise the score is the share of them in
 * the right position, at most 4. Null if there is no answer, or if the kind of question is not from moving-shapes.
 */
export function judgeOpenAnswer({ key, dataset, reference, prediction }: Prediction): OpenVerdict | null {
  const words = answers[dataset.slice(dataset.indexOf('/') + 1)]
  if (prediction === null || !words) return null
  const wanted = matchesIn(String(reference), words)
  const found = matchesIn(prediction, words)
  const matching = wanted.filter((word, place) => word === found[place]).length
  const most = Math.max(wanted.length, found.length)
  const correct = most > 0 && matching === most
  return { key, dataset, correct, score: correct ? 5 : Math.round((4 * matching) / Math.max(most, 1)) }
}

function matchesIn(text: string, words: readonly string[]): string[] {
  return [...text.toLowerCase().matchAll(new RegExp(`\\b(?:${words.join('|')})\\b`, 'g'))].map(([word]) => word)
}

function count(relations: readonly EventRelation[]): { readonly entailed: number; readonly total: number } {
  return { entailed: relations.filter(({ relationship }) => relationship === 'entailment').length, total: relations.length }
}
