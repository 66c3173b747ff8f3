import { session } from 'electron'
import { CLIP_SCHEME } from '../shared/contract/addresses.ts'
import { PAGE_SCHEME, pageUrl } from './page-url.ts'

/** Whatever a page asks for beside its own files and its clips is stopped, whoever put it there: nothing of a person's work leaves through it. */
export function setupRequests(): void {
  session.defaultSession.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !isOurs(url) }))
}

function isOurs(url: string): boolean {
  const { protocol, host } = new URL(url)
  if (protocol === `${PAGE_SCHEME}:` || protocol === `${CLIP_SCHEME}:`) return true
  const page = new URL(pageUrl())
  if (page.protocol === `${PAGE_SCHEME}:`) return false
  // While developing the page comes from electron-vite's server, which reloads it over a socket; the developers' tools have files too.
  return host === page.host || protocol === 'devtools:'
}
