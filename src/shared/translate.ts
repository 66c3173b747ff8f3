import type { Language } from './language.ts'
import { type SentencePattern, sentencePatterns, valuesOf } from './sentence-patterns.ts'

/** Translations by their English text; empty for English. */
export type Catalogue = Readonly<Record<string, string>>

/** Maximum number of translated sentences that are remembered. */
const MAX_REMEMBERED = 2000

/** The language of this process. Only the page, the shell and the terminal set one; the engine and the service stay English. */
export interface Texts {
  /** Also a language tag for `Intl`. */
  readonly language: Language
  readonly catalogue: Catalogue
  /** The most specific first. */
  readonly patterns: readonly SentencePattern[]
  readonly remembered: Map<string, string>
}

let texts = textsOf('en', {})

function textsOf(language: Language, catalogue: Catalogue): Texts {
  return { language, catalogue, patterns: sentencePatterns(catalogue), remembered: new Map() }
}

/** Switches this process to a language. Texts that were formatted before keep theirs. */
export function setTexts(language: Language, catalogue: Catalogue): void {
  texts = textsOf(language, catalogue)
}

/** The language of this process, with its catalogue. */
export function currentTexts(): Texts {
  return texts
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
  const translated = wholly(text) ?? bySentences(text) ?? byPattern(text, () => true) ?? text
  if (texts.remembered.size >= MAX_REMEMBERED) texts.remembered.clear()
  texts.remembered.set(text, translated)
  return translated
}

/** The translation of a text that is one text of the sources. A value with the end of a sentence in it rather belongs to two of them. */
function wholly(text: string): string | null {
  const { catalogue } = texts
  if (Object.hasOwn(catalogue, text)) return catalogue[text] ?? null
  return byPattern(text, (value) => !/[.!?] [A-Z]/.test(value))
}

function byPattern(text: string, isValue: (value: string) => boolean): string | null {
  for (const pattern of texts.patterns) {
    const values = valuesOf(text, pattern)
    if (values?.every(isValue))
      return pattern.translation.replace(/\{(\d+)\}/g, (_, number: string) => translate(values[Number(number)] ?? ''))
  }
  return null
}

/** Translates the longest known beginning, then the rest; null if no beginning is known. */
function bySentences(text: string): string | null {
  const sentences = text.split(/(?<=[.!?:]) /)
  for (let count = sentences.length - 1; count > 0; count--) {
    const begin = wholly(sentences.slice(0, count).join(' '))
    if (begin === null) continue
    const rest = translate(sentences.slice(count).join(' '))
    // Full-width punctuation has its own space.
    return /[。！？：；]$/.test(begin) ? begin + rest : `${begin} ${rest}`
  }
  return null
}
