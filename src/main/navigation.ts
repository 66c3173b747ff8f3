import { app } from 'electron'
import { pageUrl } from './page-url.ts'

interface Move {
  readonly url: string
  preventDefault(): void
}

/** The page stays where it is: no other address, no new window, no embedded view, whatever asks for it. */
export function setupNavigation(): void {
  app.on('web-contents-created', (_created, contents) => {
    contents.on('will-navigate', stay)
    contents.on('will-frame-navigate', stay)
    contents.on('will-redirect', stay)
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}

/** A reload is a navigation to where the page already is. */
function stay(move: Move): void {
  if (move.url !== pageUrl()) move.preventDefault()
}
