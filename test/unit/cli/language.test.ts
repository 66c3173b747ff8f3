import { afterEach, describe, expect, it } from 'vitest'
import { errorLine } from '../../../src/cli/errors.ts'
import { setLanguageOf } from '../../../src/cli/language.ts'
import { remedyText } from '../../../src/cli/remedy-text.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { remedies } from '../../../src/shared/remedies.ts'
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

  it('is that of the remedy in brackets', async () => {
    await setLanguageOf({ TARSIER_LANGUAGE: 'zh-CN' })
    const fits = new TarsierError('context-full', 'It fits with 4 frames.', { details: { frames: 4 } })
    expect(errorLine(fits)).toContain('(--frames 4；"tarsier describe --fit" 会自动完成)')
    // Commands, options and their values are the same in each language.
    const words = (text: string) => text.replaceAll(/"[^"]*"|--[a-z-]+|[A-Z0-9_=]{2,}|GGUF|Tarsier|q8_0/g, '')
    expect(remedies.map(remedyText).filter((text) => /[A-Za-z]/.test(words(text)))).toEqual([])
  })
})
