import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer } from '../../../src/serve/server.ts'
import { RunServer } from './run-server.ts'

let run: RunServer
beforeAll(async () => {
  run = await RunServer.make({ metrics: true })
})
afterAll(() => run[Symbol.asyncDispose]())

const ROUTES = [
  '/',
  '/index.html',
  '/v1/models',
  '/clips/AAAAAAAAAAAAAAAAAAAAAA',
  '/rpc/settings/get',
  '/metrics',
  '/openapi.json',
  '/mcp',
  '/nowhere',
]

describe('access control', () => {
  test.each(ROUTES)('%s is rejected for a foreign host name, a foreign origin, or a missing token', async (path) => {
    const own = `127.0.0.1:${run.server.port}`
    for (const host of ['evil.example', 'evil.example:7860', '127.0.0.1.evil.example'])
      expect((await run.raw(path, { ...run.authorised, host })).status).toBe(421)
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${run.server.port + 1}`, 'http://localhost'])
      expect((await run.raw(path, { ...run.authorised, host: own, origin })).status).toBe(403)
    for (const authorization of ['', 'Bearer wrong', `Bearer ${run.server.token}x`, `Basic ${run.server.token}`])
      expect((await run.raw(path, { host: own, authorization })).status).toBe(401)
  })

  test('health needs a known host name but no token', async () => {
    expect(await (await fetch(`${run.base}/health`)).json()).toEqual({ status: 'ok', engine: 'not-running', media: 'not-running' })
    expect((await run.raw('/health', { host: 'evil.example' })).status).toBe(421)
  })

  test('no header lets other origins read a response', async () => {
    const response = await run.fetch('/v1/models', { headers: { origin: run.base } })
    expect(response.status).toBe(200)
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    const preflight = await run.fetch('/v1/chat/completions', { method: 'OPTIONS', headers: { origin: run.base } })
    expect(preflight.ok).toBe(false)
  })
})

test('the printed address lets a browser in once and moves the token into an HttpOnly cookie', async () => {
  const response = await fetch(run.server.address, { redirect: 'manual' })
  expect(response.status).toBe(303)
  expect(response.headers.get('location')).toBe('/')
  const cookie = response.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/HttpOnly/)
  expect(cookie).toMatch(/SameSite=Strict/)
  const inside = await fetch(`${run.base}/v1/models`, { headers: { cookie: cookie.split(';')[0] ?? '' } })
  expect(inside.status).toBe(200)
  expect((await fetch(`${run.base}/?token=wrong`, { redirect: 'manual' })).status).toBe(401)
})

test('calls are accepted as JSON only, which a form of another site cannot send', async () => {
  for (const path of ['/rpc/settings/get', '/v1/chat/completions']) {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      expect((await run.fetch(path, { method: 'POST', headers: { 'content-type': type }, body: '{}' })).status).toBe(415)
    }
  }
})

test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s calls no procedure', async (method) => {
  const before = run.service.library.settings.get()
  for (const [type, status] of [
    ['text/plain', 415],
    ['application/json', 405],
  ] as const) {
    const body = method === 'GET' || method === 'HEAD' ? null : '{"json":{"frames":3}}'
    const response = await run.fetch('/rpc/settings/set?data={"json":{"frames":3}}', { method, headers: { 'content-type': type }, body })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  }
  expect(run.service.library.settings.get()).toEqual(before)
})

test('metrics are served only when enabled', async () => {
  expect(await (await run.fetch('/metrics')).text()).toMatch(/^tarsier_running 0$/m)
  await using other = await RunServer.make()
  expect((await other.fetch('/metrics')).status).toBe(404)
})

test('rejects options that would accidentally let other machines in', async () => {
  const { service } = run
  await expect(startServer(service, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('--allow-host'),
  })
  await expect(startServer(service, { host: '0.0.0.0', port: 0, allowHosts: ['box'], token: null })).rejects.toMatchObject({
    code: 'usage',
  })
  await expect(startServer(service, { port: run.server.port })).rejects.toMatchObject({ code: 'not-allowed' })
  await using open = await startServer(service, { host: '0.0.0.0', port: 0, allowHosts: ['box'] })
  expect(open.address).toMatch(/^http:\/\/box:\d+\/\?token=/)
})

test.each([
  ['::1', [], '[::1]'],
  ['[::1]', ['fd00::5'], '[::1]'],
  ['::', ['FD00::5'], '[fd00::5]'],
] as const)('with --host %s the printed address is valid, and requests to it are accepted', async (host, allowHosts, name) => {
  await using open = await startServer(run.service, { host, port: 0, allowHosts })
  expect(new URL(open.address).hostname).toBe(name)
  for (const each of [name, ...allowHosts.map((allowed) => `[${allowed}]`)]) {
    const { status } = await run.raw('/health', { host: each }, { port: open.port, address: '::1' })
    expect(status).toBe(200)
  }
})

test('without a token, local clients are let in and foreign origins are not', async () => {
  await using open = await RunServer.make({ token: null })
  expect((await fetch(`${open.base}/v1/models`)).status).toBe(200)
  expect((await fetch(`${open.base}/v1/models`, { headers: { origin: 'http://evil.example' } })).status).toBe(403)
})
