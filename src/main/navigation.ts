import { app } from 'electron'
import { pageUrl } from './page-url.ts'

interface Move {
  readonly url: string
  preventDefault(): void
}

/** Blocks all navigation, new windows and embedded views. */
export function setupNavigation(): void {
  app.on('web-contents-created', (_created, contents) => {
    contents.on('will-navigate', stay)
    contents.on('will-frame-navigate', stay)
    contents.on('will-redirect', stay)
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}

/** Cancels a navigation unless it is a reload of the page. */
function stay(move: Move): void {
  if (move.url !== pageUrl()) move.preventDefault()
}
