import { afterEach, describe, expect, it } from 'vitest'
import { setLanguageOf } from '../../../src/cli/language.ts'
import { currentLanguage } from '../../../src/shared/text.ts'
import { setTexts } from '../../../src/shared/translate.ts'

// All unit tests share a process.
afterEach(() => setTexts('en', {}))

async function languageIn(env: NodeJS.ProcessEnv) {
  await setLanguageOf(env)
  return currentLanguage()
}

describe('the language of errors in a terminal', () => {
  it.each([
    [{ LANG: 'zh_CN.UTF-8' }, 'zh-CN'],
    [{ LANG: 'zh_CN' }, 'zh-CN'],
    [{ LANG: 'zh_SG.UTF-8@pinyin' }, 'zh-CN'],
    [{ LANG: 'zh_TW.UTF-8' }, 'en'],
    [{ LANG: 'en_US.UTF-8' }, 'en'],
    [{ LANG: 'de_DE.UTF-8' }, 'en'],
    [{ LANG: 'C.UTF-8' }, 'en'],
    [{ LANG: 'POSIX' }, 'en'],
    [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'zh_CN.UTF-8' }, 'zh-CN'],
    [{ LANG: 'zh_CN.UTF-8', LC_MESSAGES: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
    [{ LANG: 'zh_CN.UTF-8', LC_MESSAGES: '', LC_ALL: '' }, 'zh-CN'],
    [{ LANG: 'en_US.UTF-8', TARSIER_LANGUAGE: 'zh-CN' }, 'zh-CN'],
    [{ LC_ALL: 'zh_CN.UTF-8', TARSIER_LANGUAGE: 'en' }, 'en'],
    [{ LC_ALL: 'zh_CN.UTF-8', TARSIER_LANGUAGE: 'system' }, 'zh-CN'],
    [{ LC_ALL: 'zh_CN.UTF-8', TARSIER_LANGUAGE: '' }, 'zh-CN'],
  ] as const)('%j: %s', async (env, language) => {
    expect(await languageIn(env)).toBe(language)
  })

  it('is one of the program’s', async () => {
    await expect(languageIn({ LANG: 'zh_CN.UTF-8', TARSIER_LANGUAGE: 'zh' })).rejects.toMatchObject({
      code: 'usage',
      message: 'TARSIER_LANGUAGE is zh, which is not available. Set it to one of: system, en, zh-CN.',
    })
  })
})
