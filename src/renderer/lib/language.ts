import { loadCatalogue } from '../../shared/catalogues.ts'
import { type LanguageChoice, readLanguageChoice, resolveLanguage } from '../../shared/language.ts'
import { setTexts } from '../../shared/translate.ts'

const STORAGE_KEY = 'tarsier-language'

/** The language that the user chose on this device. Defaults to the system's. */
export function chosenLanguage(): LanguageChoice {
  return readLanguageChoice(localStorage.getItem(STORAGE_KEY))
}

/** Stores the choice and reloads the page: many texts are constants of its modules. */
export function chooseLanguage(choice: LanguageChoice): void {
  localStorage.setItem(STORAGE_KEY, choice)
  window.location.reload()
}

/** Loads the texts of the chosen language. Has to end before modules with texts are imported. */
export async function startLanguage(element: HTMLElement): Promise<void> {
  const choice = chosenLanguage()
  const language = resolveLanguage(choice, navigator.languages)
  setTexts(language, await loadCatalogue(language))
  element.lang = language
  window.tarsier?.setLanguage(choice)
}
