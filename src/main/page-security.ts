import { app, session } from 'electron'
import { CLIP_SCHEME } from '../shared/contract/addresses.ts'
import { PAGE_SCHEME, pageUrl } from './page-url.ts'

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

/** Full screen is for the player; writing to the clipboard is for the copy buttons. */
const ALLOWED = new Set(['fullscreen', 'clipboard-sanitized-write'])

/** A piece of a clip is sent as an attachment, so that following its address saves it and leaves the page as it is. */
const PIECE = /^clip:\/\/tarsier\/clips\/[A-Za-z0-9_-]{22}\/pieces\/[A-Za-z0-9_-]{22}$/

/** Cancels a navigation unless it is a reload of the page, at whatever place the page shows, or a download. */
function stay(move: Move): void {
  const [page] = move.url.split('#')
  if (page !== pageUrl() && !PIECE.test(move.url)) move.preventDefault()
}

/** Denies all other permissions: the page needs no camera, location, notifications or devices. */
export function setupPermissions(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) => answer(ALLOWED.has(permission)))
  session.defaultSession.setPermissionCheckHandler((_contents, permission) => ALLOWED.has(permission))
  session.defaultSession.setDevicePermissionHandler(() => false)
}

/** Blocks all requests except those for the page's files and clips, so that no user data can leave through the page. */
export function setupRequests(): void {
  session.defaultSession.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !isOurs(url) }))
}

function isOurs(url: string): boolean {
  const { protocol, host } = new URL(url)
  if (protocol === `${PAGE_SCHEME}:` || protocol === `${CLIP_SCHEME}:`) return true
  const page = new URL(pageUrl())
  if (page.protocol === `${PAGE_SCHEME}:`) return false
  // During development, allow electron-vite's server, including its reload socket, and the developer tools.
  return host === page.host || protocol === 'devtools:'
}
