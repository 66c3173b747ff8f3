import { protocol } from 'electron'
import { CLIP_SCHEME } from '../shared/contract/addresses.ts'
import { PAGE_SCHEME } from './page-url.ts'

/**
 * The page's scheme has an origin of its own, unlike `file:`, where any file of the disk would be the page's equal; the clips' one is
 * another origin, which pages show and cannot read. Before Electron is ready, and all at once: a second call replaces the first.
 */
export function registerSchemes(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: PAGE_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
    // Films are played while they are read.
    { scheme: CLIP_SCHEME, privileges: { standard: true, secure: true, stream: true } },
  ])
}
