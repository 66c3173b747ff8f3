import { session } from 'electron'
import { CLIP_SCHEME } from '../shared/contract/addresses.ts'
import { PAGE_SCHEME, pageUrl } from './page-url.ts'

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
