import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchCheckpoint } from '../../../../src/engine/models/hub/fetch-checkpoint.ts'
import { ProxyServer } from '../../../helpers/proxy-server.ts'
import { COMMIT, checkpoint, hubSetup, REPOSITORY, WEIGHTS, weights } from './hub-setup.ts'

const setup = hubSetup()
const listed = () => setup.hub.seen.map(({ route }) => route)

describe('requests that the hub rejects', () => {
  it('a gated repository without a token: explains how to get access', async () => {
    setup.hub.add(REPOSITORY, { commit: COMMIT, revisions: ['main'], files: checkpoint(), gated: true })
    await expect(setup.fetch()).rejects.toMatchObject({
      code: 'hub-gated',
      message: expect.stringContaining(`${setup.hub.endpoint}/${REPOSITORY}`),
      details: { hubCode: 'GatedRepo', status: 401 },
    })
  })

  it('a gated repository with the token of an account without access', async () => {
    setup.hub.misbehave = (route) =>
      route === 'resolve' ? { kind: 'status', status: 403, headers: { 'x-error-code': 'GatedRepo' } } : null
    setup.env.HF_TOKEN = setup.hub.token
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-gated', message: expect.stringContaining('the account of your token') })
  })

  it('any request with an invalid token', async () => {
    setup.env.HF_TOKEN = 'hf_forgotten'
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-gated', message: expect.stringContaining('rejected your token') })
  })

  it.each([
    ['repository', 'someone/Missing-VL', 'main', 'RepoNotFound'],
    ['revision', REPOSITORY, 'v9', 'RevisionNotFound'],
  ])('a missing %s', async (what, name, revision, hubCode) => {
    const missing = fetchCheckpoint(name, { revision, home: setup.home, env: setup.env, signal: new AbortController().signal })
    await expect(missing).rejects.toMatchObject({ code: 'hub-missing', details: { what, hubCode } })
    expect(listed()).toEqual(['info'])
    expect(existsSync(setup.home)).toBe(false)
  })

  it('a file that is listed but missing', async () => {
    setup.hub.misbehave = (route, file) =>
      route === 'resolve' && file === WEIGHTS ? { kind: 'status', status: 404, headers: { 'x-error-code': 'EntryNotFound' } } : null
    await expect(setup.fetch()).rejects.toMatchObject({
      code: 'hub-missing',
      message: expect.stringContaining(WEIGHTS),
      details: { what: 'file' },
    })
  })

  it('a private repository: reported as missing without a token, complete with it', async () => {
    setup.hub.add(REPOSITORY, { commit: COMMIT, revisions: ['main'], files: checkpoint(), private: true })
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-missing', message: expect.stringContaining('HF_TOKEN') })
    setup.env.HF_TOKEN = setup.hub.token
    await setup.fetch()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })
})

describe('the token', () => {
  it('is sent to the hub with every request, and never to the host it redirects to', async () => {
    setup.env.HF_TOKEN = setup.hub.token
    await setup.fetch()
    const tokens = (store: boolean) =>
      setup.hub.seen.filter(({ route }) => (route === 'store') === store).map(({ authorization }) => authorization)
    expect(new Set(tokens(false))).toEqual(new Set([`Bearer ${setup.hub.token}`]))
    expect(tokens(true)).toEqual([null])
  })
})

describe('a hub with a rate limit (429)', () => {
  it('is asked again after the requested time', async () => {
    const waits: number[] = []
    setup.hub.misbehave = (route, file, nth) => {
      if (route !== 'store' || file !== WEIGHTS) return null
      waits.push(performance.now())
      return nth === 0 ? { kind: 'status', status: 429, headers: { 'retry-after': '1' } } : null
    }
    const titles: string[] = []
    await setup.fetch({ onProgress: ({ title }) => titles.push(title) })
    expect((waits[1] ?? 0) - (waits[0] ?? 0)).toBeGreaterThan(990)
    expect(titles).toContainEqual(expect.stringContaining(' in 1 s (hub-rate-limited)'))
  })

  it('with a long waiting time: is not waited for', async () => {
    setup.hub.misbehave = () => ({ kind: 'status', status: 429, headers: { 'retry-after': '86400' } })
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-rate-limited', details: { retryAfterSeconds: 86_400 } })
    expect(setup.hub.seen).toHaveLength(1)
  })

  it('with only a RateLimit header', async () => {
    setup.hub.misbehave = () => ({ kind: 'status', status: 429, headers: { ratelimit: '"api";r=0;t=300' } })
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-rate-limited', details: { retryAfterSeconds: 300 } })
  })

  it('that persists: fails after some attempts', async () => {
    setup.hub.misbehave = (route) => (route === 'info' ? { kind: 'status', status: 429 } : null)
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-rate-limited' })
    expect(listed()).toEqual(['info', 'info', 'info', 'info'])
  })
})

describe('a failing hub', () => {
  it.each([500, 502, 503, 504, 408])('(%d) is asked again', async (status) => {
    setup.hub.misbehave = (_, __, nth) => (nth === 0 ? { kind: 'status', status } : null)
    await setup.fetch()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('that keeps failing: rejects with its status', async () => {
    setup.hub.misbehave = () => ({ kind: 'status', status: 500 })
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-failed', details: { status: 500 } })
  })

  it('that cuts its listing: is asked again', async () => {
    setup.hub.misbehave = (route, _, nth) => (route === 'tree' && nth === 0 ? { kind: 'status', status: 500 } : null)
    await setup.fetch()
    expect(listed().filter((route) => route === 'tree')).toHaveLength(2)
  })

  it.each(['<html>Sign in to this network</html>', '[]', '{"sha":"../../etc"}', '{"sha":null}'])(
    'that answers %j: is no hub',
    async (body) => {
      setup.hub.misbehave = (route) => (route === 'info' ? { kind: 'body', body } : null)
      await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-failed', message: expect.stringContaining('HF_ENDPOINT') })
    },
  )

  it.each([
    [{ type: 'file', path: 'config.json', size: -1, oid: COMMIT }],
    [{ type: 'file', path: 'config.json', size: 2 ** 60, oid: COMMIT }],
    [{ type: 'file', path: 'config.json', size: 5, oid: '../../x' }],
    [{ type: 'file', path: 'model.safetensors', size: 5, oid: COMMIT, lfs: { oid: 'short', size: 5 } }],
  ])('that lists %j: is no hub', async (entry) => {
    setup.hub.misbehave = (route) => (route === 'tree' ? { kind: 'body', body: JSON.stringify([entry]) } : null)
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-failed' })
    expect(existsSync(setup.home)).toBe(false)
  })

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://['])('that redirects to %s: is not followed', async (location) => {
    setup.hub.misbehave = (route) => (route === 'resolve' ? { kind: 'status', status: 302, headers: { location } } : null)
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-failed', message: expect.stringContaining(location) })
  })

  it('that redirects to itself: is not followed endlessly', async () => {
    setup.hub.misbehave = (route) =>
      route === 'info' ? { kind: 'status', status: 307, headers: { location: '/api/models/a/b/revision/main' } } : null
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-failed', message: expect.stringContaining('redirects in a loop') })
    expect(setup.hub.seen.length).toBeLessThan(12)
  })
})

describe('connections to the hub', () => {
  it('with nothing listening', async () => {
    setup.env.HF_ENDPOINT = 'http://127.0.0.1:9'
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-unreachable', details: { host: '127.0.0.1:9', reason: 'ECONNREFUSED' } })
  })

  it('with an unknown host name', async () => {
    setup.env.HF_ENDPOINT = 'http://hub.invalid'
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-unreachable', message: expect.stringContaining('internet') })
  })

  it('use the proxy of the environment', async () => {
    await using proxy = await ProxyServer.start()
    setup.env.HTTP_PROXY = proxy.address
    await setup.fetch()
    expect(proxy.received).toContainEqual(expect.stringContaining(`${setup.hub.endpoint}/api/models/`))
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('bypass the proxy for NO_PROXY', async () => {
    await using proxy = await ProxyServer.start()
    Object.assign(setup.env, { HTTP_PROXY: proxy.address, NO_PROXY: '127.0.0.1' })
    await setup.fetch()
    expect(proxy.received).toEqual([])
  })

  it('through a proxy that asks for a password: names the proxy without the password', async () => {
    await using proxy = await ProxyServer.start()
    proxy.rejectStatus = 407
    Object.assign(setup.env, { HTTPS_PROXY: proxy.address.replace('//', '//me:secret@'), HF_ENDPOINT: 'https://hub.invalid' })
    const refused = setup.fetch().catch((error: unknown) => error)
    expect(await refused).toMatchObject({
      code: 'hub-unreachable',
      message: expect.stringContaining(`proxy ${new URL(proxy.address).host}`),
    })
    expect(String(await refused)).not.toContain('secret')
    expect(proxy.received[0]).toBe('CONNECT hub.invalid:443')
  })

  it('through an address that is no proxy', async () => {
    setup.env.HTTP_PROXY = 'no address at all'
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'usage' })
  })

  it('are not made when there is no disk space for the files', async () => {
    setup.hub.misbehave = (route) =>
      route === 'tree'
        ? {
            kind: 'body',
            body: JSON.stringify([{ type: 'file', path: WEIGHTS, size: 4e15, oid: COMMIT, lfs: { oid: 'a'.repeat(64), size: 4e15 } }]),
          }
        : null
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'disk-full', details: { needed: 4e15 } })
    expect(listed()).toEqual(['info', 'tree'])
  })

  it('are not made when a file is in the place of the folder', async () => {
    await mkdir(setup.home)
    await writeFile(join(setup.home, 'downloads'), '')
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'write-failed' })
  })
})
