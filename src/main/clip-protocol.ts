import { protocol } from 'electron'
import { CLIP_SCHEME } from '../shared/contract/addresses.ts'
import { fileResponse } from './file-response.ts'
import type { Service } from './service.ts'

/** As `shellClipAddress` writes them; nothing else is looked at. */
const ADDRESS = /^clip:\/\/tarsier\/clips\/([A-Za-z0-9_-]{22})(\/preview)?$/

/** Serves the bytes of clips that the service knows by the handle; which file that is, the service says, never the address. */
export function setupClipProtocol(service: Pick<Service, 'ask'>): void {
  protocol.handle(CLIP_SCHEME, async (request) => {
    const [, handle, preview] = ADDRESS.exec(request.url) ?? []
    if (request.method !== 'GET' || handle === undefined) return notFound()
    try {
      const { path, mediaType } = await service.ask({ kind: 'locate', handle, what: preview ? 'preview' : 'file' })
      return await fileResponse(path, mediaType, request.headers.get('range'))
    } catch {
      // Why is asked by the page over the contract, where it gets a sentence; a player only has to know that there is nothing.
      return notFound()
    }
  })
}

function notFound(): Response {
  return new Response('Not found', { status: 404 })
}
