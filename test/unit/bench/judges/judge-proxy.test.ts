import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import { ChatServer } from '../../../helpers/chat-server.ts'
import { ProxyServer } from '../../../helpers/proxy-server.ts'

const call = { prompt: { name: 'red', version: '1' }, system: 'Is it red?', user: 'a red ball', schema: z.object({ red: z.boolean() }) }
const never = new AbortController().signal
const patience = { attempts: 3, backoff: 5, stall: 30_000 }

let server: ChatServer
let proxy: ProxyServer

beforeEach(async () => {
  server = await ChatServer.start()
  server.answer = () => '{"red": true}'
  proxy = await ProxyServer.start()
  // A host that only the proxy can resolve.
  proxy.hosts.set('judge.example', server.host)
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Calls a judge with this environment only. */
async function ask(env: Readonly<Record<string, string>>): Promise<unknown> {
  await using judge = await createJudge({
    judge: 'openai:m',
    env: { OPENAI_API_KEY: server.key, ...env },
    retryPolicy: patience,
    signal: never,
  })
  return await judge.ask(call, never)
}

test.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])('uses the proxy that %s names', async (name) => {
  expect(await ask({ OPENAI_BASE_URL: 'http://judge.example/v1', [name]: proxy.address })).toEqual({ red: true })
  expect(proxy.received).toEqual(['http://judge.example/v1/chat/completions'])
  expect(server.seen).toHaveLength(1)
})

test('reaches a TLS server through a tunnel, and reports a refusing proxy at once without its password', async () => {
  proxy.rejectStatus = 407
  const pending = ask({ OPENAI_BASE_URL: 'https://judge.example/v1', HTTPS_PROXY: proxy.address.replace('//', '//me:secret@') })
  const error = await pending.catch((reason: unknown) => reason)
  expect(error).toMatchObject({
    code: 'judge-unavailable',
    message: expect.stringMatching(/judge\.example cannot be reached: .*407.*proxy/),
  })
  expect(String(error)).not.toContain('secret')
  expect(proxy.received).toEqual(['CONNECT judge.example:443'])
})

test.each([
  ['on this machine', 'http://127.0.0.1', {}],
  ['on this machine, by name', 'http://localhost', {}],
  ['when NO_PROXY matches all hosts', 'http://127.0.0.1', { NO_PROXY: '*' }],
])('bypasses the proxy for a server %s', async (_, address, env) => {
  const port = new URL(server.baseUrl).port
  expect(await ask({ OPENAI_BASE_URL: `${address}:${port}/v1`, HTTP_PROXY: proxy.address, ...env })).toEqual({ red: true })
  expect(proxy.received).toEqual([])
})

test('bypasses the proxy for a host that NO_PROXY names', { timeout: 20_000 }, async () => {
  // No server listens there; the proxy sends the request to the test's server.
  proxy.hosts.set('127.0.0.2', server.host)
  const env = { OPENAI_BASE_URL: `http://127.0.0.2:${new URL(server.baseUrl).port}/v1`, HTTP_PROXY: proxy.address }
  expect(await ask(env)).toEqual({ red: true })
  const before = proxy.received.length
  await expect(ask({ ...env, NO_PROXY: 'example.org,127.0.0.2' })).rejects.toMatchObject({ code: 'judge-unavailable' })
  expect(proxy.received).toHaveLength(before)
})

test('rejects an invalid proxy as wrong usage', async () => {
  await expect(ask({ HTTPS_PROXY: 'no address at all' })).rejects.toMatchObject({ code: 'usage' })
})
