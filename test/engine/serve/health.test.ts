import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { childrenOf } from '../../helpers/child-processes.ts'
import { freePort } from '../../helpers/endless-loop.ts'
import { hang } from '../../helpers/signals.ts'
import { RunServer } from './run-server.ts'

const clip = fileURLToPath(new URL('../../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url))
const never = new AbortController().signal

let run: RunServer
let port: number
const before = process.env.NODE_OPTIONS

beforeEach(async () => {
  port = await freePort()
  process.env.NODE_OPTIONS = `${before ?? ''} --inspect-port=${port}`
  run = await RunServer.make({ metrics: true })
})
afterEach(async () => {
  delete process.env.TARSIER_WATCHDOG_SECONDS
  process.env.NODE_OPTIONS = before ?? ''
  await run[Symbol.asyncDispose]()
})

async function health(): Promise<{ code: number; [key: string]: unknown }> {
  const { status, text } = await run.raw('/health', {})
  return { code: status, ...(JSON.parse(text) as object) }
}

describe('a process that hangs', () => {
  const works = {
    media: () => run.service.media.probe(clip, never),
    engine: async () => (await run.service.engines.for({ model: 'demo', device: 'cpu', cache: false }, 'talk')).load(never),
  } as const

  test.each(['media', 'engine'] as const)('is reported by /health and counted at /metrics: %s', async (kind) => {
    const work = works[kind]
    const others = { media: 'not-running', engine: 'not-running' }
    await work()
    expect(await health()).toEqual({ code: 200, status: 'ok', ...others, [kind]: 'ready' })
    const [pid = 0] = childrenOf(process.pid)
    process.env.TARSIER_WATCHDOG_SECONDS = '3'
    await hang(pid, port)
    const failing = expect(work()).rejects.toMatchObject({ code: 'engine-hung' })
    const seen: unknown[] = []
    while (childrenOf(process.pid).includes(pid)) {
      seen.push(await health())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await failing
    expect(seen).toContainEqual({ code: 200, status: 'degraded', ...others, [kind]: 'unresponsive' })
    expect(await health()).toEqual({ code: 200, status: 'ok', ...others })
    const numbers = await (await run.fetch('/metrics')).text()
    expect(numbers).toContain(`\ntarsier_${kind}_crashes_total 1\n`)
    expect(numbers).toContain(`\ntarsier_${kind}_hangs_total 1\n`)
  })

  test('repeatedly is given up, and /health answers with 503', async () => {
    for (let i = 0; i < 3; i += 1) {
      delete process.env.TARSIER_WATCHDOG_SECONDS
      await works.media()
      process.env.TARSIER_WATCHDOG_SECONDS = '1'
      for (const pid of childrenOf(process.pid)) await hang(pid, port)
      await expect(works.media()).rejects.toMatchObject({ code: 'engine-hung' })
    }
    expect(await health()).toEqual({ code: 503, status: 'failing', engine: 'not-running', media: 'given-up' })
  })
})
