import { IntlMessageFormat } from 'intl-messageformat'
import type { Language } from './language.ts'
import { type SentencePattern, sentencePatterns, valuesOf } from './sentence-patterns.ts'

/** Translations by their English text; empty for English. */
export type Catalogue = Readonly<Record<string, string>>

export type TextValue = string | number

/** Maximum number of translated sentences that are remembered. */
const MAX_REMEMBERED = 2000

/** The language of this process, and what is derived from its catalogue. Processes other than the page and the shell's stay English. */
interface Texts {
  readonly language: Language
  readonly catalogue: Catalogue
  /** Sorted by specificity. */
  readonly patterns: readonly SentencePattern[]
  readonly formats: Map<string, IntlMessageFormat>
  readonly remembered: Map<string, string>
}

let texts = textsOf('en', {})

function textsOf(language: Language, catalogue: Catalogue): Texts {
  return { language, catalogue, patterns: sentencePatterns(catalogue), formats: new Map(), remembered: new Map() }
}

/** Switches this process to a language. Texts that were formatted before keep theirs. */
export function setTexts(language: Language, catalogue: Catalogue): void {
  texts = textsOf(language, catalogue)
}

/** The language that {@link setTexts} set; also a language tag for `Intl`. */
export function currentLanguage(): Language {
  return texts.language
}

/**
 * Returns a text in the current language.
 * @param message the English text, in ICU message syntax: `{name}`, `{count, plural, one {# frame} other {# frames}}`. It has to be a literal, because
 *   the catalogue's keys are collected from the sources
 * @param values what the message names in braces
 */
export function t(message: string, values?: Readonly<Record<string, TextValue>>): string {
  return values ? (formatOf(message).format(values) as string) : translationOf(message)
}

/** As {@link t}, with values of another type (such as React nodes), which stand as they are between the parts of the text. */
export function textParts<Value>(message: string, values: Readonly<Record<string, TextValue | Value>>): readonly (string | Value)[] {
  return formatOf(message)
    .formatToParts<Value>(values)
    .map(({ value }) => value)
}

/**
 * Translates a text that was written elsewhere: the message of an error, a notice, the description of an option. The engine, the service and the
 * files that they write know English only, so the sentence of the sources is recovered from the finished text: it is looked up as a whole, then as a
 * pattern with values (which are translated in turn), then sentence by sentence. What the catalogue does not know stays as it is.
 */
export function translate(text: string): string {
  if (texts.language === 'en' || text === '') return text
  const remembered = texts.remembered.get(text)
  if (remembered !== undefined) return remembered
  const translated = found(text) ?? bySentences(text)
  if (texts.remembered.size >= MAX_REMEMBERED) texts.remembered.clear()
  texts.remembered.set(text, translated)
  return translated
}

function found(text: string): string | null {
  const { catalogue, patterns } = texts
  if (Object.hasOwn(catalogue, text)) return catalogue[text] ?? null
  for (const pattern of patterns) {
    const values = valuesOf(text, pattern)
    if (values) return pattern.translation.replace(/\{(\d+)\}/g, (_, number: string) => translate(values[Number(number)] ?? ''))
  }
  return null
}

/** Translates the longest known beginning, then the rest. */
function bySentences(text: string): string {
  const sentences = text.split(/(?<=[.!?:]) /)
  for (let count = sentences.length - 1; count > 0; count--) {
    const begin = found(sentences.slice(0, count).join(' '))
    if (begin === null) continue
    const rest = translate(sentences.slice(count).join(' '))
    // Full-width punctuation has its own space.
    return /[。！？：；]$/.test(begin) ? begin + rest : `${begin} ${rest}`
  }
  return text
}

function translationOf(message: string): string {
  return texts.catalogue[message] ?? message
}

function formatOf(message: string): IntlMessageFormat {
  const known = texts.formats.get(message)
  if (known) return known
  // Without tags: a text may contain "<".
  const format = new IntlMessageFormat(translationOf(message), texts.language, undefined, { ignoreTag: true })
  texts.formats.set(message, format)
  return format
}
