import { type ClientLink, createORPCClient } from '@orpc/client'
import { RPCLink as FetchLink } from '@orpc/client/fetch'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { type Bridge, channels } from '../shared/bridge.ts'
import { clipAddress, RPC_PATH, shellClipAddress } from '../shared/contract/addresses.ts'
import type { ServiceClient } from '../shared/contract/contract.ts'

/** The service, over whichever wire this page has: in a browser the server that the page came from, in the shell a port. */
export const service: ServiceClient = createORPCClient(
  window.tarsier ? portWire(window.tarsier) : new FetchLink({ url: new URL(RPC_PATH, window.location.href) }),
)

/** Where a player finds the bytes of a clip. */
export function clipUrl(handle: string, what: 'file' | 'preview'): string {
  return window.tarsier ? shellClipAddress(handle, what) : clipAddress(handle, what)
}

type Context = Record<never, never>

/** A port that ended with its service is replaced: calls wait for the next one. */
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
