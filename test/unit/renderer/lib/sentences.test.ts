import { afterEach, expect, test } from 'vitest'
import { rangeSentence, sentences } from '../../../../src/renderer/lib/sentences.ts'
import { optionInfo } from '../../../../src/shared/option-info.ts'
import { options } from '../../../../src/shared/options.ts'
import { setTexts } from '../../../../src/shared/translate.ts'

afterEach(() => setTexts('en', {}))

test('puts sentences one after another, as the language does', () => {
  expect([sentences(), sentences('', ''), sentences('One.'), sentences('One.', '', 'Two.', 'Three.')]).toEqual([
    ...['', '', 'One.'],
    'One. Two. Three.',
  ])
  setTexts('zh-CN', { '{before} {next}': '{before}{next}' })
  expect(sentences('一。', '二。', '三。')).toBe('一。二。三。')
})

test('says which numbers a setting takes', () => {
  const { frames, maxTokens, topP, topK, model } = options
  expect([frames, maxTokens, topP, topK, model].map((option) => rangeSentence(optionInfo(option)))).toEqual([
    ...['1 to 256.', '1 to 32,768 tokens.', 'Above 0, up to 1.'],
    ...['', ''],
  ])
})
