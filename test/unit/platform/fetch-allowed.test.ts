import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchAllowed } from '../../../src/platform/fetch-allowed.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

let server: Server
let port: number
const received: { path: string; range: string | undefined }[] = []
/** Where paths redirect to. */
const targets: Record<string, string> = {
  '/once': '/file',
  '/four': '/three',
  '/three': '/two',
  '/two': '/once',
  '/out': 'http://localhost:PORT/file',
  '/disk': 'file:///etc/passwd',
  '/invalid': 'http://[',
}

beforeAll(async () => {
  server = createServer(({ url = '', headers }, response) => {
    received.push({ path: `${headers.host?.split(':')[0]}${url}`, range: headers.range })
    const to = targets[url]?.replace('PORT', String(port))
    if (to !== undefined) response.writeHead(302, { location: to }).end()
    else response.writeHead(url === '/file' ? 200 : 404).end('content')
  })
  server.listen(0)
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => new Promise((done) => server.close(done)))

const get = (path: string, hosts = ['127.0.0.1']) => {
  received.length = 0
  const refused = ({ protocol, host }: URL) => new TarsierError('not-allowed', `${protocol}//${host} is not allowed.`)
  const { signal } = new AbortController()
  return fetchAllowed(new URL(`http://127.0.0.1:${port}${path}`), { hosts, refused }, { headers: { range: 'bytes=3-' }, signal })
}

describe('an address of an allowed host', () => {
  it('is fetched with the headers, and through redirects to allowed hosts', async () => {
    const response = await get('/two')
    expect(await response.text()).toBe('content')
    expect(new URL(response.url).pathname).toBe('/file')
    expect(received).toEqual(['/two', '/once', '/file'].map((path) => ({ path: `127.0.0.1${path}`, range: 'bytes=3-' })))
    expect(await (await get('/out', [`127.0.0.1:${port}`, 'localhost'])).text()).toBe('content')
    expect((await get('/gone')).status).toBe(404)
  })

  it.each([
    ['/out', 'http://localhost:PORT is not allowed.'],
    ['/disk', 'file:// is not allowed.'],
  ])('%s is not followed to another host or protocol', async (path, message) => {
    await expect(get(path)).rejects.toMatchObject({ code: 'not-allowed', message: message.replace('PORT', String(port)) })
    expect(received).toHaveLength(1)
  })

  it.each([
    ['/four', 'redirects too many times.'],
    ['/invalid', 'redirects to an invalid URL.'],
  ])('%s is given up', async (path, message) => {
    await expect(get(path)).rejects.toMatchObject({ code: 'file-unreadable', message: expect.stringContaining(message) as string })
  })
})

it.each([[[]], [['127.0.0.1:1']], [['localhost']]])('sends nothing to a host that is not among %j', async (hosts) => {
  await expect(get('/file', hosts)).rejects.toMatchObject({ code: 'not-allowed' })
  expect(received).toEqual([])
})
