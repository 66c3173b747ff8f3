import { app } from 'electron'
import { pageUrl } from './page-url.ts'

/** The page stays where it is: no other address, no new window, no embedded view, whatever asks for it. */
export function setupNavigation(): void {
  app.on('web-contents-created', (_created, contents) => {
    contents.on('will-navigate', (event) => {
      // A reload is a navigation to where the page already is.
      if (event.url !== pageUrl()) event.preventDefault()
    })
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}
