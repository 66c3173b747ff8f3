import { startLanguage } from './lib/language.ts'

await startLanguage(document.documentElement)
// Imported after the language is known: texts are constants of its modules.
const { showPage } = await import('./show-page.tsx')
showPage()
