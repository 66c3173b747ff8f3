import { protocol } from 'electron'
import { CLIP_SCHEME } from '../shared/contract/addresses.ts'
import { PAGE_SCHEME } from './page-url.ts'

/**
 * Registers the schemes of the page and of clips. Each gets an origin of its own, unlike `file:`, where all files on disk would be same-origin;
 * pages can display clips but not read them. Must be called once and before Electron is ready, because a second call replaces the first.
 */
export function registerSchemes(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: PAGE_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
    // Clips are played while they load.
    { scheme: CLIP_SCHEME, privileges: { standard: true, secure: true, stream: true } },
  ])
}
