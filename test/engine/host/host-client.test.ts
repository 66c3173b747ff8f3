import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TurnRequest } from '../../../src/engine/engine-client.ts'
import { HostClient } from '../../../src/engine/host/host-client.ts'
import type { EngineEvent } from '../../../src/shared/engine-events.ts'
import { childrenOf, ended } from '../../helpers/child-processes.ts'
import { freePort } from '../../helpers/endless-loop.ts'
import { deadlySignals, hang, reasonOf } from '../../helpers/signals.ts'
import { answerInNewConversation, ask, never, TinyEngines, testSampling } from '../conversation/tiny-engine.ts'

let tiny: TinyEngines
let client: HostClient
let port: number
const before = process.env.NODE_OPTIONS

beforeAll(async () => {
  tiny = await TinyEngines.make()
  port = await freePort()
  process.env.NODE_OPTIONS = `${before ?? ''} --inspect-port=${port}`
})
afterAll(async () => {
  process.env.NODE_OPTIONS = before ?? ''
  await tiny[Symbol.asyncDispose]()
})
beforeEach(() => {
  client = new HostClient({ model: 'tiny', device: 'cpu', home: tiny.home, cache: false })
})
afterEach(() => client[Symbol.asyncDispose]())

/** Runs a turn, and calls `act` with the host's process id at the first event of the given kind. */
async function run(
  turn: TurnRequest = ask('What is this?', tiny.clip('a.mp4')),
  kind?: EngineEvent['kind'],
  act?: (pid: number) => void,
): Promise<string> {
  let text = ''
  let acted = false
  for await (const event of client.answer('talk', turn, never)) {
    if (event.kind === 'done') text = event.answer.text
    if (event.kind === kind && !acted) {
      act?.(hostPid())
      acted = true
    }
  }
  return text
}

function hostPid(): number {
  const [pid, ...more] = childrenOf(process.pid)
  if (pid === undefined || more.length > 0) throw new Error(`one child was expected, there are ${more.length + 1}`)
  return pid
}

test('returns the answers and errors of an engine in this process', async () => {
  await using engine = tiny.start()
  const expected = await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4')))
  expect(await run()).toBe(expected.text)
  expect((await client.load(never)).name).toBe('tiny')
  await expect(run(ask('What?', tiny.clip('gone.mp4')))).rejects.toMatchObject({ name: 'TarsierError', code: 'file-missing' })
  await expect(run({ kind: 'edit', turn: 9, text: 'Why?', sampling: testSampling() })).rejects.toMatchObject({
    code: 'usage',
    details: { turns: 1 },
  })
})

test('stops within a token on an abort or when the loop is left, and serves the next request', async () => {
  const stopping = new AbortController()
  const long = ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 2000 })
  const stopped = async () => {
    for await (const event of client.answer('talk', long, stopping.signal)) if (event.kind === 'delta') stopping.abort()
  }
  await expect(stopped()).rejects.toMatchObject({ name: 'AbortError' })
  for await (const event of client.answer('talk', ask('Which colour?', undefined, { maxTokens: 2000 }), never))
    if (event.kind === 'delta') break
  await client.close('talk')
  expect(await run()).not.toBe('')
})

test('stores the rows and the KV of an answer before it ends', async () => {
  const turn = ask('What is this?', tiny.clip('a.mp4'))
  const cached = async () => {
    await using own = new HostClient({ model: 'tiny', device: 'cpu', home: tiny.home })
    let found = null
    for await (const event of own.answer('talk', turn, never)) if (event.kind === 'done') found = event.answer.cached
    return found
  }
  expect(await cached()).toBe('nothing')
  expect(await cached()).toBe('state')
})

describe('host process', () => {
  const moments = { SIGKILL: 'frame', SIGSEGV: 'delta', SIGABRT: 'stage' } as Readonly<Record<NodeJS.Signals, EngineEvent['kind']>>
  test.each(deadlySignals.map((signal) => [signal, moments[signal]] as const))(
    'after death by %s at the first %s fails the run and serves the next one from a new process',
    async (signal, kind) => {
      let died = 0
      const dying = run(ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 2000 }), kind, (pid) => {
        died = pid
        process.kill(pid, signal)
      })
      await expect(dying).rejects.toMatchObject({ code: 'engine-crashed', details: { why: reasonOf(signal) } })
      await ended(died)
      expect(await run()).not.toBe('')
      expect(hostPid()).not.toBe(died)
    },
  )

  test('rejects all pending requests after its death, and closing is no error', async () => {
    const running = run(ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 2000 }), 'delta', (pid) => process.kill(pid, 'SIGKILL'))
    const waiting = client.trace({ clip: tiny.clip('a.mp4'), prompt: 'What?', maxTokens: 2, out: tiny.path('trace') }, never)
    await expect(running).rejects.toMatchObject({ code: 'engine-crashed' })
    await expect(waiting).rejects.toMatchObject({ code: 'engine-crashed' })
    await client.close('talk')

    await client.load(never)
    const pid = hostPid()
    await hang(pid, port) // so that it cannot answer before it dies
    const closing = client.close('talk')
    process.kill(pid, 'SIGKILL')
    await closing
  })

  test('is not restarted after the third crash', async () => {
    for (let i = 0; i < 3; i += 1) {
      const long = ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 2000 })
      const dying = run(long, 'frame', (pid) => process.kill(pid, 'SIGKILL'))
      await expect(dying).rejects.toMatchObject({ code: 'engine-crashed', details: { why: reasonOf('SIGKILL') } })
    }
    await expect(run()).rejects.toMatchObject({ code: 'engine-crashed', message: expect.stringContaining('3 times') })
    expect(childrenOf(process.pid)).toEqual([])
  })

  test('ends with the client, even when it hangs', async () => {
    await client.load(never)
    const idleHost = hostPid()
    await client[Symbol.asyncDispose]()
    await ended(idleHost)

    await client.load(never)
    const hanging = hostPid()
    await hang(hanging, port)
    await client[Symbol.asyncDispose]()
    await ended(hanging)
  })
})

test('reports loading before the process responds, once per process', async () => {
  const stages = async (onStart: (pid: number) => void) => {
    const reported: string[] = []
    const events = client.answer('talk', ask('What is this?', tiny.clip('a.mp4')), never)
    const first = events.next()
    const pid = hostPid()
    onStart(pid)
    for (let step = await first; step.done !== true; step = await events.next()) {
      if (reported.length === 0 && process.platform !== 'win32') process.kill(pid, 'SIGCONT')
      if (step.value.kind === 'stage') reported.push(step.value.stage)
    }
    return reported
  }
  // Windows cannot suspend a process; there the report comes without a delay.
  const stop = (pid: number) => process.platform === 'win32' || process.kill(pid, 'SIGSTOP')
  expect(await stages(stop)).toEqual(['loading', 'probing', 'looking', 'thinking', 'writing'])
  expect(await stages(() => {})).not.toContain('loading')
  await expect(stages((pid) => process.kill(pid, 'SIGKILL'))).rejects.toMatchObject({ code: 'engine-crashed' })
  expect((await stages(stop))[0]).toBe('loading')
})
