import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { example } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

const PATIENCE_MS = 600
const MEGABYTE = new Uint8Array(1e6).fill(0x20)

let run: RunServer
const started = (options: Parameters<typeof RunServer.make>[0]) => {
  beforeAll(async () => {
    run = await RunServer.make(options)
  })
  afterAll(() => run[Symbol.asyncDispose]())
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

function head(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const own = { host: `127.0.0.1:${run.server.port}`, ...run.authorised, ...headers }
  return [`${method} ${path} HTTP/1.1`, ...Object.entries(own).map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n')
}

/** A raw connection, and everything that it received until it was closed. */
function open(): { socket: Socket; closed: Promise<string> } {
  const socket = connect(run.server.port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (piece) => (text += piece))
  const closed = new Promise<string>((resolve, reject) => socket.once('error', reject).once('close', () => resolve(text)))
  return { socket, closed }
}

describe('closes an idle connection', () => {
  started({ timeout: PATIENCE_MS })

  test.each([
    ['before a request', () => ''],
    ['during its headers', () => head('POST', '/rpc/settings/get', {}).slice(0, -30)],
    ['before its body', () => head('POST', '/rpc/settings/get', { 'content-type': 'application/json', 'content-length': '20' })],
    ['during its body', () => `${head('POST', '/rpc/settings/get', { 'content-type': 'application/json', 'content-length': '20' })}{"j`],
    [
      'during a chunk',
      () => `${head('POST', '/rpc/settings/get', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })}5\r\n{"j`,
    ],
    ['during an upload', () => `${head('POST', '/clips?name=a.mp4', { 'content-length': '1000' })}some of it`],
    ['during a body that is not read', () => `${head('PUT', '/nowhere', { 'content-length': '1000' })}some of it`],
  ])('%s', async (_, text) => {
    const { socket, closed } = open()
    socket.write(text())
    // The test's time limit ends a wait in vain.
    await closed
    expect(await (await fetch(`${run.base}/health`)).json()).toMatchObject({ status: 'ok' })
  })
})

describe('keeps an active connection', () => {
  started({ timeout: PATIENCE_MS })

  test('accepts a slow upload', async () => {
    const bytes = await readFile(example('red-circle-right-then-grows.mp4'))
    const { socket, closed } = open()
    socket.write(head('POST', '/clips?name=a.mp4', { 'content-length': String(bytes.length), connection: 'close' }))
    const piece = Math.ceil(bytes.length / 10)
    for (let at = 0; at < bytes.length; at += piece) {
      await pause(PATIENCE_MS / 3)
      socket.write(bytes.subarray(at, at + piece))
    }
    expect(await closed).toMatch(/^HTTP\/1\.1 201 /)
  })

  test('a client may wait for an event without limit', async () => {
    const events = (await run.page().system.activity())[Symbol.asyncIterator]()
    await events.next()
    const next = events.next()
    await pause(PATIENCE_MS * 4)
    run.service.activity.changed()
    expect((await next).done).toBe(false)
    await events.return?.()
  })
})

/** Sends all of a request before reading, as many clients do. Rejects when the connection is reset. */
async function sendAll(text: string, megabytes: number, chunked: boolean): Promise<string> {
  const { socket, closed } = open()
  const write = async (bytes: Uint8Array | string) => {
    if (!socket.write(bytes)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  socket.pause()
  await write(text)
  for (let sent = 0; sent < megabytes; sent++) {
    if (chunked) await write(`${MEGABYTE.length.toString(16)}\r\n`)
    await write(MEGABYTE)
    if (chunked) await write('\r\n')
  }
  if (chunked) await write('0\r\n\r\n')
  socket.resume()
  return await closed
}

describe('a body that is too large gets a readable response', () => {
  started({ maxUpload: 5e6 })
  const json = { 'content-type': 'application/json' }
  test.each([
    ['a call', '/rpc/settings/set', 400, json, 413],
    ['an upload', '/clips?name=a.mp4', 100, {}, 413],
    ['an unknown path', '/nowhere', 100, {}, 404],
    ['a call with another content type', '/rpc/settings/set', 100, { 'content-type': 'text/plain' }, 415],
    ['a call without the token', '/rpc/settings/set', 100, { ...json, authorization: 'Bearer wrong' }, 401],
  ] as const)('%s', async (_, path, megabytes, headers, status) => {
    for (const length of [{ 'content-length': String(megabytes * 1e6) }, { 'transfer-encoding': 'chunked' }]) {
      const text = head('POST', path, { ...headers, ...length, connection: 'close' })
      const answer = await sendAll(text, megabytes, 'transfer-encoding' in length)
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      if (status === 413) expect(answer).toMatch(/larger than the limit of (268|5\.0) MB/)
    }
  })

  test('and the connection serves the next request', async () => {
    const { socket, closed } = open()
    socket.write(head('POST', '/nowhere', { 'content-length': String(MEGABYTE.length) }))
    await pause(100)
    socket.write(MEGABYTE)
    socket.write(head('GET', '/health', { connection: 'close' }))
    const answers = await closed
    expect(answers).toMatch(/^HTTP\/1\.1 404 /)
    expect(answers).toContain('"status":"ok"')
  })
})
