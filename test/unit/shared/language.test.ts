import { describe, expect, it, test } from 'vitest'
import { readLanguageChoice, resolveLanguage } from '../../../src/shared/language.ts'

describe('the language of the system', () => {
  it.each([
    [['zh'], 'zh-CN'],
    [['zh-CN'], 'zh-CN'],
    [['zh-Hans'], 'zh-CN'],
    [['zh-Hans-HK', 'en'], 'zh-CN'],
    [['zh-SG'], 'zh-CN'],
    [['zh-TW'], 'en'],
    [['zh-Hant', 'zh-Hans'], 'zh-CN'],
    [['en-GB', 'zh-CN'], 'en'],
    [['de', 'en'], 'en'],
    [['de-AT', 'zh-CN', 'en'], 'zh-CN'],
    [['de'], 'en'],
    [['C', 'not a tag', '', 'zh_CN'], 'en'],
    [['not a tag', 'zh'], 'zh-CN'],
    [[], 'en'],
  ] as const)('%j: %s', (system, language) => {
    expect(resolveLanguage('system', system)).toBe(language)
  })
})

test('a chosen language does not depend on the system', () => {
  expect(resolveLanguage('en', ['zh-CN'])).toBe('en')
  expect(resolveLanguage('zh-CN', ['de', 'en'])).toBe('zh-CN')
})

test('what is no choice reads as the system’s', () => {
  expect(['system', 'en', 'zh-CN', 'zh', 'EN', '', null, undefined, 7].map(readLanguageChoice)).toEqual([
    ...['system', 'en', 'zh-CN'],
    ...Array(6).fill('system'),
  ])
})
