import { describe, expect, it } from 'vitest'
import { ServerTrouble, type TroubleKind } from '../../../src/servers/server-error.ts'
import { type PoolOptions, ServerPool } from '../../../src/servers/server-pool.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

const never = new AbortController().signal
const quick = { attempts: 3, backoff: 1, stall: 1000, longestWait: 60_000 }

interface FakeServer {
  readonly url: string
}
const servers = (...names: string[]): FakeServer[] => names.map((url) => ({ url }))
const pool = (names: readonly string[], options: Partial<PoolOptions<FakeServer>> = {}) =>
  new ServerPool(servers(...names), { perServer: 2, retryPolicy: quick, ...options })

function trouble(kind: TroubleKind, { wait = null, received = true }: { wait?: number | null; received?: boolean } = {}): ServerTrouble {
  const code = kind === 'fault' ? 'model-failed' : 'model-unavailable'
  return new ServerTrouble(new TarsierError(code, `The server is ${kind}.`), kind, { wait, received })
}

/** A promise with the function that settles it. */
function later<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Lets every step that needs no timer happen. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('sharing', () => {
  it('gives each server its number of requests at a time, the least busy one first, and the rest when one is free', async () => {
    const shared = pool(['a', 'b'])
    const began: string[] = []
    const ends = Array.from({ length: 6 }, () => later<string>())
    const all = ends.map(({ promise }, i) =>
      shared.run((server) => {
        began.push(`${server.url}${i}`)
        return promise
      }, never),
    )
    await settle()
    expect(began).toEqual(['a0', 'b1', 'a2', 'b3'])
    ends[1]?.resolve('done')
    await all[1]
    await settle()
    expect(began).toEqual(['a0', 'b1', 'a2', 'b3', 'b4'])
    for (const end of ends) end.resolve('done')
    expect(await Promise.all(all)).toEqual(Array(6).fill('done'))
    expect(shared.capacity).toBe(4)
  })

  it('ends the wait of an aborted request and leaves its turn to the next', async () => {
    const shared = pool(['a'], { perServer: 1 })
    const first = later<string>()
    const running = shared.run(() => first.promise, never)
    const controller = new AbortController()
    const aborted = shared.run(() => Promise.resolve('never'), controller.signal)
    const next = shared.run(() => Promise.resolve('next'), never)
    controller.abort()
    await expect(aborted).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error)
    first.resolve('first')
    expect(await Promise.all([running, next])).toEqual(['first', 'next'])
  })
})

describe('servers that fail', () => {
  it('gives a busy server nothing before the time it asked for, while another one works', async () => {
    const shared = pool(['a', 'b'])
    const asked: string[] = []
    let rejected = 0
    const request = (server: FakeServer) => {
      asked.push(server.url)
      if (server.url === 'a' && rejected++ === 0) return Promise.reject(trouble('busy', { wait: 50_000 }))
      return Promise.resolve(server.url)
    }
    for (let i = 0; i < 5; i++) expect(await shared.run(request, never)).toBe('b')
    expect(asked).toEqual(['a', 'b', 'b', 'b', 'b', 'b'])
  })

  it('moves the requests of a dead server to another one and tries the dead one with a single request', async () => {
    let dead = true
    const tries: string[] = []
    const shared = pool(['a', 'b'], { perServer: 4 })
    const request = async (server: FakeServer) => {
      tries.push(server.url)
      await settle()
      if (server.url === 'a' && dead) throw trouble('unreachable', { received: false })
      return server.url
    }
    expect(await Promise.all(Array.from({ length: 8 }, () => shared.run(request, never)))).toEqual(Array(8).fill('b'))
    expect(tries.filter((url) => url === 'a').length).toBeGreaterThanOrEqual(4)
    dead = false
    await expect.poll(() => shared.run(request, never)).toBe('a')
  })

  it('counts requests that fail together as one failure', async () => {
    const shared = pool(['a'], { perServer: 8 })
    let failures = 0
    const request = async () => {
      await settle()
      if (failures++ < 8) throw trouble('busy')
      return 'done'
    }
    expect(await Promise.all(Array.from({ length: 8 }, () => shared.run(request, never)))).toEqual(Array(8).fill('done'))
  })

  it('fails all waiting requests when no server answers, and serves later ones', async () => {
    let dead = true
    const shared = pool(['a', 'b'], { perServer: 1 })
    const request = (server: FakeServer) =>
      dead ? Promise.reject(trouble('unreachable', { received: false })) : Promise.resolve(server.url)
    const all = await Promise.allSettled(Array.from({ length: 6 }, () => shared.run(request, never)))
    for (const end of all)
      expect(end).toMatchObject({
        status: 'rejected',
        reason: { code: 'model-unavailable', message: expect.stringContaining('None of the 2 servers answers (a, b)') as string },
      })
    dead = false
    expect(['a', 'b']).toContain(await shared.run(request, never))
  })

  it('fails a request, and no other, that a server answers with errors each time', async () => {
    const shared = pool(['a', 'b'])
    const poisonous = () => Promise.reject(trouble('fault'))
    await expect(shared.run(poisonous, never)).rejects.toMatchObject({ code: 'model-failed', message: 'The server is fault.' })
    expect(await shared.run((server) => Promise.resolve(server.url), never)).toMatch(/^[ab]$/)
  })

  it('fails a request at which the connection breaks each time', async () => {
    let asked = 0
    const shared = pool(['a', 'b', 'c', 'd'])
    const crashing = () => {
      asked++
      return Promise.reject(trouble('unreachable'))
    }
    await expect(shared.run(crashing, never)).rejects.toMatchObject({
      code: 'model-failed',
      message: expect.stringContaining('The connection broke 3 times') as string,
    })
    expect(asked).toBe(3)
  })

  it('passes on an error of the request itself without another try', async () => {
    let asked = 0
    const refused = new TarsierError('model-failed', 'too many pictures')
    const request = () => {
      asked++
      return Promise.reject(refused)
    }
    await expect(pool(['a', 'b']).run(request, never)).rejects.toBe(refused)
    expect(asked).toBe(1)
  })
})

describe('examining servers', () => {
  it('examines each server before its first request, and again after it could not be reached', async () => {
    const checked: string[] = []
    let dead = false
    const shared = pool(['a'], {
      check: async ({ url }) => {
        checked.push(url)
        if (dead) throw trouble('unreachable', { received: false })
      },
    })
    expect(await shared.checkAll(never)).toEqual([])
    expect(checked).toHaveLength(1)
    await shared.run(() => Promise.resolve(''), never)
    expect(checked).toHaveLength(1)
    dead = true
    let broken = false
    const request = () => {
      if (broken) return Promise.resolve('done')
      broken = true
      setTimeout(() => {
        dead = false
      }, 2)
      return Promise.reject(trouble('unreachable'))
    }
    await shared.run(request, never).catch(() => {}) // it may have been given up before the server was back
    dead = false
    expect(await shared.run(request, never)).toBe('done')
    expect(checked.length).toBeGreaterThan(1)
  })

  it('uses the servers that can be reached, and refuses to start without any', async () => {
    const absent = async ({ url }: FakeServer) => {
      if (url !== 'b') throw trouble('unreachable', { received: false })
    }
    const some = pool(['a', 'b'], { check: absent })
    expect(await some.checkAll(never)).toHaveLength(1)
    expect(await some.run(({ url }) => Promise.resolve(url), never)).toBe('b')
    await expect(pool(['a', 'c'], { check: absent }).checkAll(never)).rejects.toMatchObject({ code: 'model-unavailable' })
  })

  it('refuses to start with a server that must not be used', async () => {
    const mismatch = new TarsierError('model-mismatch', 'other tokens')
    const check = ({ url }: FakeServer) => (url === 'b' ? Promise.reject(mismatch) : Promise.resolve())
    await expect(pool(['a', 'b'], { check }).checkAll(never)).rejects.toBe(mismatch)
  })
})
