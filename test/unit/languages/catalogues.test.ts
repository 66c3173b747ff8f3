import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, it } from 'vitest'
import { languages } from '../../../src/shared/language.ts'
import { sentencePatterns, valuesOf } from '../../../src/shared/sentence-patterns.ts'
import { bareTexts } from '../../../tools/languages/bare-texts.ts'
import { collectTexts } from '../../../tools/languages/collect-texts.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const texts = collectTexts(root)

it('finds no text of the page or the shell outside the catalogue', () => {
  expect(bareTexts(root)).toEqual([])
})

describe.each(languages.filter((language) => language !== 'en'))('the catalogue of %s', (language) => {
  const catalogue: Readonly<Record<string, string>> = JSON.parse(
    readFileSync(join(root, 'resources/languages', `${language}.json`), 'utf8'),
  )

  it('has every text, and no other', () => {
    const missing = [...texts].filter(([text]) => !catalogue[text]).map(([text, place]) => `${place}  ${text}`)
    expect(missing, 'Run "npm run languages", and translate what it lists.').toEqual([])
    expect(Object.keys(catalogue).filter((key) => !texts.has(key))).toEqual([])
  })

  it('keeps the values of each text', () => {
    const wrong = Object.entries(catalogue).filter(([key, text]) => placesOf(key, 'en').join() !== placesOf(text, language).join())
    expect(wrong).toEqual([])
  })

  it('recognizes each sentence by its fixed parts, whatever its values are', () => {
    const patterns = sentencePatterns(catalogue)
    const values = ['/media/A (1).mp4', '3', '“x: y”. Z', '"', '{0}', 'a', 'b', 'c', 'd']
    for (const key of Object.keys(catalogue).filter((key) => /\{\d+\}/.test(key))) {
      const text = key.replace(/\{(\d+)\}/g, (_, number: string) => values[Number(number)] ?? '')
      const found = patterns.find((pattern) => valuesOf(text, pattern))
      expect(wording(found?.translation), text).toBe(wording(catalogue[key]))
    }
  })
})

/** What a translation says, whatever its values are: two patterns may differ in the number of values only. */
function wording(translation: string | undefined): string | undefined {
  return translation?.replace(/\{\d+\}|\s/g, '')
}

/** Names of the values in a text, sorted; numbered places stand for themselves. */
function placesOf(text: string, language: string): readonly string[] {
  const numbered = text.match(/\{\d+\}/g)
  if (numbered) return numbered.toSorted()
  if (!/\{\w+[,}]/.test(text)) return []
  const names = new Set<string>()
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const part of value) collect(part)
    else if (value && typeof value === 'object') {
      if ('value' in value && 'type' in value && typeof value.value === 'string' && value.type !== 0) names.add(value.value)
      if ('options' in value && value.options)
        for (const option of Object.values(value.options)) collect((option as { readonly value: unknown }).value)
    }
  }
  collect(new IntlMessageFormat(text, language, undefined, { ignoreTag: true }).getAst())
  return [...names].sort()
}
