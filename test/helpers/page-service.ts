import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RPCHandler } from '@orpc/server/node'
import { afterAll, vi } from 'vitest'
import { RPC_PATH } from '../../src/shared/contract/addresses.ts'

/** Serves procedures to the modules of the page that the test file imports afterwards, until its tests are over. */
export async function servePage(handler: RPCHandler<Record<never, never>>): Promise<void> {
  const server = createServer((request, response) => void handler.handle(request, response, { prefix: RPC_PATH }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  vi.stubGlobal('window', { location: { href: `http://127.0.0.1:${port}/` } })
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
  vi.resetModules() // another test file's port leads to another server
  afterAll(() => {
    vi.unstubAllGlobals()
    server.closeAllConnections()
    server.close()
  })
}
