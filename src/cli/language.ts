import { loadCatalogue } from '../shared/catalogues.ts'
import { TarsierError } from '../shared/errors.ts'
import { knownLanguageChoice, languageChoices, resolveLanguage } from '../shared/language.ts'
import { setTexts } from '../shared/translate.ts'

/**
 * Sets the language of error messages: that of TARSIER_LANGUAGE, else the system's.
 * @param env environment of the process
 * @throws TarsierError `usage` if TARSIER_LANGUAGE names a language that the program does not have
 */
export async function setLanguageOf(env: NodeJS.ProcessEnv): Promise<void> {
  const named = env.TARSIER_LANGUAGE || 'system'
  const choice = knownLanguageChoice(named)
  if (!choice)
    throw new TarsierError(
      'usage',
      `TARSIER_LANGUAGE is ${named}, which is not available. Set it to one of: ${languageChoices.join(', ')}.`,
    )
  const language = resolveLanguage(choice, systemLanguages(env))
  setTexts(language, await loadCatalogue(language))
}

/** Language tags of the system in their order: on POSIX systems the locale variables, elsewhere what the operating system says. */
function systemLanguages(env: NodeJS.ProcessEnv): readonly string[] {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG
  if (!locale) return [new Intl.DateTimeFormat().resolvedOptions().locale]
  // `zh_CN.UTF-8@pinyin` becomes `zh-CN`; `C` and `POSIX` do not name a language.
  return [locale.replace(/[.@].*$/, '').replaceAll('_', '-')]
}
