import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { currentLanguage, t, textParts } from '../../../src/shared/text.ts'
import { setTexts, translate } from '../../../src/shared/translate.ts'

const catalogue = {
  'Find events': '查找事件',
  'Remove “{name}”?': '要移除“{name}”吗？',
  '{count, plural, one {# frame} other {# frames}}': '{count, plural, other {# 帧}}',
  'Press {key} to stop.': '按 {key} 停止。',
  'The clip is empty.': '视频是空的。',
  'Try again.': '请重试。',
  'The reason: {0}': '原因：{0}',
  '{0} is not a folder.': '{0} 不是文件夹。',
  '{0} is not a folder that {1} can read.': '{1} 无法读取文件夹 {0}。',
  'no such file': '没有此文件',
  'Needs {0}.': '需要 {0}。',
}

beforeEach(() => setTexts('zh-CN', catalogue))
// All unit tests share a process.
afterEach(() => setTexts('en', {}))

describe('t', () => {
  it('looks the English text up, and stays with it where there is no translation', () => {
    expect([t('Find events'), t('Not in the catalogue')]).toEqual(['查找事件', 'Not in the catalogue'])
    expect(currentLanguage()).toBe('zh-CN')
  })

  it('puts values into their places, also those that look like places', () => {
    expect(t('Remove “{name}”?', { name: '{name} <b>' })).toBe('要移除“{name} <b>”吗？')
    expect(t('{name} < {other}', { name: 'a', other: 'b' })).toBe('a < b')
  })

  it('has the plural forms and numbers of the language', () => {
    const frames = (count: number) => t('{count, plural, one {# frame} other {# frames}}', { count })
    expect([1, 1200].map(frames)).toEqual(['1 帧', '1,200 帧'])
    setTexts('en', {})
    expect([0, 1, 1200].map(frames)).toEqual(['0 frames', '1 frame', '1,200 frames'])
  })
})

test('textParts keeps values of other types between the parts of the text', () => {
  const key = { element: 'Esc' }
  expect(textParts('Press {key} to stop.', { key })).toEqual(['按 ', key, ' 停止。'])
  setTexts('en', {})
  expect(textParts('Press {key} to stop.', { key })).toEqual(['Press ', key, ' to stop.'])
})

describe('translate', () => {
  it.each([
    ['a whole text', 'The clip is empty.', '视频是空的。'],
    ['a text with a value', '/a b (1).mp4 is not a folder.', '/a b (1).mp4 不是文件夹。'],
    [
      'the pattern with the most fixed characters, values in another order',
      '/a is not a folder that Tarsier can read.',
      'Tarsier 无法读取文件夹 /a。',
    ],
    ['a value that is a text itself', 'The reason: no such file', '原因：没有此文件'],
    ['a value that is a sentence with a value', 'The reason: /a is not a folder.', '原因：/a 不是文件夹。'],
    ['sentence by sentence', 'The clip is empty. Try again.', '视频是空的。请重试。'],
    ['sentences of which one has a value', '/a is not a folder. Try again.', '/a 不是文件夹。请重试。'],
    ['two sentences where the first could reach over the second', 'Needs 2 GB. The clip is empty.', '需要 2 GB。视频是空的。'],
    ['the known sentences before an unknown one', 'The clip is empty. Buy a new one.', '视频是空的。Buy a new one.'],
    ['values with characters of patterns', '$1 {0} \\ is not a folder.', '$1 {0} \\ 不是文件夹。'],
    ['nothing that is unknown', 'A circle moves right.', 'A circle moves right.'],
    ['nothing that is empty', '', ''],
  ])('recognizes %s', (_what, text, translated) => {
    expect(translate(text)).toBe(translated)
    // What was remembered is the same.
    expect(translate(text)).toBe(translated)
  })

  it('does not mistake names that objects have for texts', () => {
    expect(['constructor', 'toString', '__proto__'].map(translate)).toEqual(['constructor', 'toString', '__proto__'])
  })

  it('leaves English as it is, and forgets the translations of another language', () => {
    expect(translate('Try again.')).toBe('请重试。')
    setTexts('en', {})
    expect(translate('Try again.')).toBe('Try again.')
  })
})
