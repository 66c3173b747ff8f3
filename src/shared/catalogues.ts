import { assertNever } from './errors.ts'
import type { Language } from './language.ts'
import type { Catalogue } from './translate.ts'

/** Loads the catalogue of a language. English needs none. */
export async function loadCatalogue(language: Language): Promise<Catalogue> {
  switch (language) {
    case 'en':
      return {}
    case 'zh-CN':
      return (await import('../../resources/languages/zh-CN.json', { with: { type: 'json' } })).default
    default:
      return assertNever(language, 'language')
  }
}
