import { execFileSync, fork } from 'node:child_process'
import { copyFile, rename } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HostClient } from '../../../src/engine/host/host-client.ts'
import { MediaClient } from '../../../src/engine/host/media-client.ts'
import { keepCrashReports, listCrashReports } from '../../../src/platform/crash-reports.ts'
import type { TarsierError } from '../../../src/shared/errors.ts'
import { childrenOf, ended } from '../../helpers/child-processes.ts'
import { freePort } from '../../helpers/endless-loop.ts'
import { hang, hangs } from '../../helpers/signals.ts'
import { ask, never, TinyEngines } from '../conversation/tiny-engine.ts'

let tiny: TinyEngines
let port: number
const before = process.env.NODE_OPTIONS

beforeAll(async () => {
  tiny = await TinyEngines.make()
  keepCrashReports(tiny.home, 'test', '1.2.3')
  port = await freePort()
  process.env.NODE_OPTIONS = `${before ?? ''} --inspect-port=${port}`
})
afterAll(async () => {
  process.env.NODE_OPTIONS = before ?? ''
  await tiny[Symbol.asyncDispose]()
})

/** Shortens the deadline for processes that have started; one that is starting has the default. */
function watchClosely(): void {
  process.env.TARSIER_WATCHDOG_SECONDS = '2'
}

afterEach(() => {
  delete process.env.TARSIER_WATCHDOG_SECONDS
})

function hostPid(): number {
  const [pid, ...more] = childrenOf(process.pid)
  if (pid === undefined || more.length > 0) throw new Error(`one child was expected, there are ${more.length + 1}`)
  return pid
}

describe('an engine that', () => {
  let lost: TarsierError[]
  let client: HostClient

  beforeEach(async () => {
    lost = []
    client = new HostClient({ model: 'tiny', device: 'cpu', home: tiny.home, cache: false }, { onLost: (error) => lost.push(error) })
    await client.load(never)
  })
  afterEach(() => client[Symbol.asyncDispose]())

  const answer = async (question = ask('What is this?', tiny.clip('a.mp4'))) => {
    for await (const event of client.answer('talk', question, never)) if (event.kind === 'done') return event.answer.text
    throw new Error('an answer ends with done')
  }

  test.each(Object.entries(hangs))('%s is ended with engine-hung and restarted', async (_, makeHang) => {
    watchClosely()
    const pid = hostPid()
    expect(client.state).toBe('ready')
    await makeHang(pid, port)
    const failing = answer()
    expect(client.state).toBe('working')
    await expect(failing).rejects.toMatchObject({ code: 'engine-hung', details: { why: 'silent', seconds: 2 } })
    await ended(pid)
    expect(client.state).toBe('not-running')
    expect(lost.map(({ code }) => code)).toEqual(['engine-hung'])
    expect((await listCrashReports(tiny.home))[0]).toMatchObject({
      process: 'engine',
      reason: expect.stringContaining('did not respond for 2 seconds'),
    })
    delete process.env.TARSIER_WATCHDOG_SECONDS
    expect(await answer()).not.toBe('')
  })

  test('hangs during an answer is reported as unresponsive before it is ended', async () => {
    watchClosely()
    const states = new Set<string>()
    const events = client.answer('talk', ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 2000 }), never)
    await events.next()
    await hang(hostPid(), port)
    const polling = setInterval(() => states.add(client.state), 20)
    const rest = async () => {
      for await (const _ of events);
    }
    await expect(rest()).rejects.toMatchObject({ code: 'engine-hung' })
    clearInterval(polling)
    expect([...states]).toEqual(['working', 'unresponsive'])
  })

  test('hangs three times is not restarted', async () => {
    for (let i = 0; i < 3; i += 1) {
      delete process.env.TARSIER_WATCHDOG_SECONDS
      await client.load(never)
      watchClosely()
      await hang(hostPid(), port)
      await expect(client.load(never)).rejects.toMatchObject({ code: 'engine-hung' })
    }
    expect(client.state).toBe('given-up')
    await expect(client.load(never)).rejects.toMatchObject({ code: 'engine-crashed', message: expect.stringContaining('3 times') })
  })

  test('computes for longer than the deadline is not ended', async () => {
    process.env.TARSIER_WATCHDOG_SECONDS = '0.5'
    const started = Date.now()
    for (;;) {
      expect(await answer(ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 2000 }))).not.toBe('')
      if (Date.now() - started > 1500) break
    }
    expect(lost).toEqual([])
  })
})

describe('a media host that', () => {
  let media: MediaClient
  let lost: TarsierError[]

  beforeEach(async () => {
    lost = []
    media = new MediaClient((error) => lost.push(error))
    await media.probe(tiny.path('b.mkv'), never)
  })
  afterEach(() => media[Symbol.asyncDispose]())

  test.each(Object.entries(hangs))('%s is ended with engine-hung and restarted', async (_, makeHang) => {
    watchClosely()
    const pid = hostPid()
    await makeHang(pid, port)
    await expect(media.probe(tiny.path('b.mkv'), never)).rejects.toMatchObject({ code: 'engine-hung' })
    await ended(pid)
    delete process.env.TARSIER_WATCHDOG_SECONDS
    expect((await media.probe(tiny.path('b.mkv'), never)).frameCount).toBe(9)
  })

  // Windows has no named pipes in folders.
  test.skipIf(process.platform === 'win32')('does not react to an abort is ended', async () => {
    // Opening a pipe for writing blocks until somebody reads from it, while the process still answers.
    const target = tiny.path('nobody-reads')
    execFileSync('mkfifo', [target])
    watchClosely()
    const stopping = new AbortController()
    const writing = media.preview(tiny.path('a.mp4'), target, stopping.signal).next()
    setTimeout(() => stopping.abort(), 3000)
    await expect(writing).rejects.toMatchObject({ name: 'AbortError' })
    expect(lost).toMatchObject([{ code: 'engine-hung', details: { why: 'stopping' } }])
  })

  test.skipIf(process.platform === 'win32')('opens a file that became a pipe is ended, and the error names the file', async () => {
    const path = tiny.path('turns-into-a-pipe.mkv')
    const [clip, pipe, away] = [tiny.path('clip'), tiny.path('pipe'), tiny.path('away')]
    await copyFile(tiny.path('b.mkv'), clip)
    execFileSync('mkfifo', [pipe])
    let swapping = true
    const swap = async () => {
      while (swapping) {
        await rename(clip, path)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4))
        await rename(path, clip)
        await rename(pipe, path)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4))
        await rename(path, away)
        await rename(away, pipe)
      }
    }
    watchClosely()
    const swapped = swap()
    let error: TarsierError | null = null
    // Most attempts see a clip, a pipe or a missing file before opening it.
    while (error?.code !== 'engine-hung')
      error = await media.probe(path, never).then(
        () => null,
        (thrown: TarsierError) => thrown,
      )
    swapping = false
    await swapped
    expect(error).toMatchObject({ details: { why: 'step', seconds: 2 }, message: expect.stringContaining(`Opening ${path}`) })
    delete process.env.TARSIER_WATCHDOG_SECONDS
    expect((await media.probe(tiny.path('b.mkv'), never)).frameCount).toBe(9)
  })
})

test('a process in an endless loop ends with its parent', async () => {
  const parent = fork(fileURLToPath(new URL('./parent-of-looping.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const [looping] = await new Promise<[number]>((resolve) => parent.once('message', (pid: number) => resolve([pid])))
  parent.kill('SIGKILL')
  await ended(looping)
})
