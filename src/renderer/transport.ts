import { type ClientLink, createORPCClient } from '@orpc/client'
import { RPCLink as FetchLink } from '@orpc/client/fetch'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { type Bridge, channels } from '../shared/bridge.ts'
import { CLIENT_HEADER, clipAddress, pieceAddress, RPC_PATH, shellClipAddress, shellPieceAddress } from '../shared/contract/addresses.ts'
import type { ServiceClient } from '../shared/contract/contract.ts'

/** Tells pages apart, which share a server: each has a turn, and an answer that one leaves goes on for the others. Lasts until the page is reloaded. */
const pageId = crypto.getRandomValues(new Uint32Array(4)).join('-')

/** Client of the service: over the server that the page came from in a browser, over a port in the shell. */
export const service: ServiceClient = createORPCClient(
  window.tarsier
    ? portWire(window.tarsier)
    : new FetchLink({ url: new URL(RPC_PATH, window.location.href), headers: { [CLIENT_HEADER]: pageId } }),
)

/** URL of a clip's bytes for the player. */
export function clipUrl(handle: string, what: 'file' | 'preview'): string {
  return window.tarsier ? shellClipAddress(handle, what) : clipAddress(handle, what)
}

/** URL from which a piece of a clip is saved. */
export function pieceUrl(handle: string, piece: string): string {
  return window.tarsier ? shellPieceAddress(handle, piece) : pieceAddress(handle, piece)
}

type Context = Record<never, never>

/** Replaces a port whose service has exited. Calls wait for the next port. */
function portWire(bridge: Bridge): ClientLink<Context> {
  let next = Promise.withResolvers<PortLink<Context>>()
  window.addEventListener('message', ({ source, data, ports: [port] }) => {
    if (source !== window || data !== channels.port || !port) return
    port.addEventListener('close', () => {
      next = Promise.withResolvers()
      bridge.connect()
    })
    port.start()
    next.resolve(new PortLink({ port }))
  })
  bridge.connect()
  return { call: async (path, input, options) => (await next.promise).call(path, input, options) }
}
