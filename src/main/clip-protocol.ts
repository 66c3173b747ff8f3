import { protocol } from 'electron'
import { attachment, CLIP_SCHEME } from '../shared/contract/addresses.ts'
import { fileResponse } from './file-response.ts'
import type { Service } from './service.ts'

/** The formats of `shellClipAddress` and `shellPieceAddress`; all other addresses are rejected. */
const ADDRESS = /^clip:\/\/tarsier\/clips\/([A-Za-z0-9_-]{22})(?:(\/preview)|\/pieces\/([A-Za-z0-9_-]{22}))?$/

/** Serves the bytes of clips by handle. The service resolves the handle to a file; addresses contain no paths. */
export function setupClipProtocol(service: Pick<Service, 'ask'>): void {
  protocol.handle(CLIP_SCHEME, async (request) => {
    const [, handle, preview, piece] = ADDRESS.exec(request.url) ?? []
    if (request.method !== 'GET' || handle === undefined) return notFound()
    try {
      if (piece !== undefined) {
        const { path, mediaType, name } = await service.ask({ kind: 'piece', handle, piece })
        const response = await fileResponse(path, mediaType, null)
        response.headers.set('content-disposition', attachment(name))
        return response
      }
      const { path, mediaType } = await service.ask({ kind: 'locate', handle, what: preview ? 'preview' : 'file' })
      return await fileResponse(path, mediaType, request.headers.get('range'))
    } catch {
      // The page gets the reason through the contract, as a readable error; a player only needs the 404.
      return notFound()
    }
  })
}

function notFound(): Response {
  return new Response(null, { status: 404 })
}
