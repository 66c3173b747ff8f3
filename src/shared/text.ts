import { IntlMessageFormat } from 'intl-messageformat'
import type { Language } from './language.ts'
import { currentTexts, type Texts } from './translate.ts'

export type TextValue = string | number

const formats = new WeakMap<Texts, Map<string, IntlMessageFormat>>()

/** The language of this process; also a language tag for `Intl`. */
export function currentLanguage(): Language {
  return currentTexts().language
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

function translationOf(message: string): string {
  return currentTexts().catalogue[message] ?? message
}

function formatOf(message: string): IntlMessageFormat {
  const texts = currentTexts()
  const known = formats.get(texts) ?? new Map<string, IntlMessageFormat>()
  formats.set(texts, known)
  // Without tags: a text may contain "<".
  const format = known.get(message) ?? new IntlMessageFormat(translationOf(message), texts.language, undefined, { ignoreTag: true })
  known.set(message, format)
  return format
}
