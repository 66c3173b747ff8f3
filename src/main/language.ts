import { app } from 'electron'
import { channels } from '../shared/bridge.ts'
import { loadCatalogue } from '../shared/catalogues.ts'
import { knownLanguageChoice, type Language, type LanguageChoice, resolveLanguage } from '../shared/language.ts'
import { currentLanguage } from '../shared/text.ts'
import { setTexts } from '../shared/translate.ts'
import { onPage } from './page-channels.ts'

/**
 * Sets the language of menus and dialogs: the system's at first, then the one that the page's user chose.
 * @param onChange called after another language has been set
 */
export async function setupLanguage(onChange: () => void): Promise<void> {
  let wanted: Language = currentLanguage()
  const use = async (choice: LanguageChoice) => {
    const language = resolveLanguage(choice, app.getPreferredSystemLanguages())
    wanted = language
    const catalogue = await loadCatalogue(language)
    // The page may have chosen another language meanwhile.
    if (wanted !== language || language === currentLanguage()) return
    setTexts(language, catalogue)
    onChange()
  }
  onPage(channels.language, (_page, sent) => {
    const choice = knownLanguageChoice(sent)
    if (choice) void use(choice)
  })
  await use('system')
}
