import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectionsFor } from '../../../src/engine/models/hub/proxies.ts'
import { GuardedConnections } from '../../../src/platform/guarded-connections.ts'
import { GuardedSocket } from '../../../src/platform/guarded-socket.ts'
import { expectMayConnect, neverConnect, obeySettingOf, setNeverConnect } from '../../../src/platform/never-connect.ts'
import { asTarsierError } from '../../../src/shared/errors.ts'
import { NEVER_CONNECT_VARIABLE } from '../../../src/shared/never-connect.ts'
import { ProxyServer } from '../../helpers/proxy-server.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

/** Reaches the loopback interface on Linux and macOS, and is not one of its addresses: another machine, as far as the code can tell. */
const ELSEWHERE = '0.0.0.0'
const OFF = { code: 'connections-off', message: expect.stringContaining('switch it off in the settings') as string }

let home: ScratchFolder
beforeEach(async () => {
  home = await ScratchFolder.make()
  obeySettingOf(home.directory)
})
afterEach(async () => {
  delete process.env[NEVER_CONNECT_VARIABLE]
  await home[Symbol.asyncDispose]()
})

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

describe('connections are switched off', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['0', null],
    ['False', null],
    ['1', 'environment'],
    ['yes', 'environment'],
    ['maybe', 'environment'],
  ] as const)('by the environment variable set to %j: %j', (value, by) => {
    if (value !== undefined) process.env[NEVER_CONNECT_VARIABLE] = value
    expect(neverConnect()).toBe(by)
  })

  it('by the setting of a home folder that does not exist yet, until it is switched off', () => {
    const later = home.path('later')
    obeySettingOf(later)
    setNeverConnect(later, true)
    expect(neverConnect()).toBe('setting')
    setNeverConnect(later, false)
    expect(neverConnect()).toBe(null)
    expect(existsSync(later)).toBe(true)
  })

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '[::1]', '::1'])('except to this machine at %s', (host) => {
    setNeverConnect(home.directory, true)
    expect(() => expectMayConnect(host)).not.toThrow()
  })

  it.each(['192.0.2.1', '10.0.0.1', '0.0.0.0', '[::]', 'localhost.example', '127.0.0.1.example', '127.999.1.1'])('to %s', (host) => {
    setNeverConnect(home.directory, true)
    expect(() => expectMayConnect(host)).toThrow(expect.objectContaining(OFF) as Error)
  })
})

describe.skipIf(process.platform === 'win32')('HTTP connections', () => {
  let server: Server
  let port: number
  beforeEach(async () => {
    // The response never ends.
    server = createServer((_, response) => void response.writeHead(200).write('begun'))
    port = await listening(server)
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })
  const get = (host: string, { dispatcher }: GuardedConnections) => request(`http://${host}:${port}/`, { dispatcher })

  it.each(['this process', 'another process'])(
    'to other machines end when %s switches them off, and are made again afterwards',
    async (who) => {
      await using connections = new GuardedConnections(() => new Agent())
      const local = await get('127.0.0.1', connections)
      const remote = await get(ELSEWHERE, connections)
      const ended = remote.body.text().then(() => null, asTarsierError)
      if (who === 'this process') setNeverConnect(home.directory, true)
      else await home.write('never-connect', '')
      expect(await ended).toMatchObject(OFF)
      await expect(get(ELSEWHERE, connections)).rejects.toMatchObject(OFF)
      // What this machine's own servers send goes on.
      expect(String((await local.body[Symbol.asyncIterator]().next()).value)).toBe('begun')
      await get('127.0.0.1', connections)
      setNeverConnect(home.directory, false)
      expect((await get(ELSEWHERE, connections)).statusCode).toBe(200)
    },
  )

  it('do not use a proxy, not even one on this machine', async () => {
    await using proxy = await ProxyServer.start()
    await using connections = connectionsFor({ http: proxy.address, https: '', except: '' }, 10_000)
    expect((await get('127.0.0.1', connections)).statusCode).toBe(200)
    expect(proxy.received).toHaveLength(1)
    setNeverConnect(home.directory, true)
    await expect(get(ELSEWHERE, connections)).rejects.toMatchObject(OFF)
    expect((await get('127.0.0.1', connections)).statusCode).toBe(200)
    expect(proxy.received).toHaveLength(1)
  })
})

describe.skipIf(process.platform === 'win32')('sockets of the database', () => {
  it('fail instead of connecting, and end when connections are switched off', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => {}))
    const port = await listening(server)
    const open = (host: string) => new GuardedSocket().connect(port, host)
    const failure = async (socket: GuardedSocket) => ((await once(socket, 'error')) as [Error])[0]
    const [local, remote] = [open('127.0.0.1'), open(ELSEWHERE)]
    await Promise.all([once(local, 'connect'), once(remote, 'connect')])
    const ended = failure(remote)
    setNeverConnect(home.directory, true)
    expect(await ended).toMatchObject(OFF)
    expect(local.destroyed).toBe(false)
    expect(await failure(open(ELSEWHERE))).toMatchObject(OFF)
    local.destroy()
    server.close()
  })
})
