/** Languages of the program's texts. English stands in the sources, every other language in `resources/languages`. */
export const languages = ['en', 'zh-CN'] as const
export type Language = (typeof languages)[number]

/** Each language by its own name, as lists of languages show it. */
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', 'zh-CN': '简体中文' }

/** The language that a user chose: the system's, or a fixed one. */
export const languageChoices = ['system', ...languages] as const
export type LanguageChoice = (typeof languageChoices)[number]

/** Reads a choice from stored or transmitted data; null for anything else. */
export function knownLanguageChoice(value: unknown): LanguageChoice | null {
  return languageChoices.find((choice) => choice === value) ?? null
}

/** As {@link knownLanguageChoice}, but `system` for anything else. */
export function readLanguageChoice(value: unknown): LanguageChoice {
  return knownLanguageChoice(value) ?? 'system'
}

/**
 * Resolves a choice to a language.
 * @param system language tags that the system prefers, in their order, such as `zh-Hans-CN` or `de`
 */
export function resolveLanguage(choice: LanguageChoice, system: readonly string[]): Language {
  if (choice !== 'system') return choice
  for (const tag of system) {
    const language = closestLanguage(tag)
    if (language) return language
  }
  return 'en'
}

function closestLanguage(tag: string): Language | null {
  let locale: Intl.Locale
  try {
    locale = new Intl.Locale(tag).maximize()
  } catch {
    return null
  }
  if (locale.language === 'en') return 'en'
  // Readers of traditional characters get their next language instead.
  return locale.language === 'zh' && locale.script === 'Hans' ? 'zh-CN' : null
}
