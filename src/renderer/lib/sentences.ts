import type { OptionInfo } from '../../shared/option-info.ts'
import { t } from '../../shared/text.ts'
import { translate } from '../../shared/translate.ts'

/** Puts sentences one after another; empty ones are left out. */
export function sentences(...all: readonly string[]): string {
  const [first = '', ...others] = all.filter((sentence) => sentence !== '')
  // Not every language has a space between sentences.
  return others.reduce((before, next) => t('{before} {next}', { before, next }), first)
}

/** The allowed values of a number as a sentence: `1 to 32,768 tokens.`; empty for what has no upper bound. */
export function rangeSentence({ min, max, unit }: Pick<OptionInfo, 'min' | 'max' | 'unit'>): string {
  if (max === null) return ''
  if (min === null) return t('Above 0, up to {max, number}.', { max })
  return unit === null
    ? t('{min, number} to {max, number}.', { min, max })
    : t('{min, number} to {max, number} {unit}.', { min, max, unit: translate(unit) })
}
