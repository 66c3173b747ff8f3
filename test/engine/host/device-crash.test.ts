import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DeviceTestStore } from '../../../src/engine/devices/device-test-store.ts'
import { Engine } from '../../../src/engine/engine.ts'
import type { ClipRequest, TurnRequest } from '../../../src/engine/engine-client.ts'
import { HostClient, type HostObserver } from '../../../src/engine/host/host-client.ts'
import type { DeviceChoice } from '../../../src/shared/devices.ts'
import type { Answer, EngineEvent } from '../../../src/shared/engine-events.ts'
import type { TarsierError } from '../../../src/shared/errors.ts'
import { childrenOf, ended } from '../../helpers/child-processes.ts'
import { never, testSampling } from '../conversation/tiny-engine.ts'

/** Path of the host program relative to the engine's host folder. */
const HOST = relative('src/engine/host', fileURLToPath(new URL('./claiming-host.ts', import.meta.url))).replace(/\.ts$/, '')
const clip: ClipRequest = {
  path: 'resources/examples/red-circle-right-then-grows.mp4',
  frames: { kind: 'uniform', count: 8 },
}
const describing: TurnRequest = { kind: 'ask', clip, sampling: testSampling({ maxTokens: 64 }) }
const followUp: TurnRequest = { kind: 'ask', text: 'What colour is it?', sampling: testSampling({ maxTokens: 64 }) }

let home: string
let client: HostClient
let lost: TarsierError[]
let failures: string[]
let expected: Answer
let expectedFollowUp: Answer

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-crash-'))
  await using engine = new Engine({ model: 'demo', device: 'cpu', home, cache: false })
  expected = (await run(engine, describing)).answer
  expectedFollowUp = (await run(engine, followUp)).answer
})
afterAll(() => rm(home, { recursive: true, force: true }))
beforeEach(() => {
  lost = []
  failures = []
})
afterEach(async () => {
  delete process.env.CLAIMING_HOST_DIES
  await client[Symbol.asyncDispose]()
  await new DeviceTestStore(home).forgetFailed()
})

function start(dies: string, device: DeviceChoice = 'auto'): void {
  process.env.CLAIMING_HOST_DIES = dies
  const observer: HostObserver = {
    onLost: (error) => lost.push(error),
    onDeviceFailure: ({ part, device: failed }, next) => failures.push(`${part} ${failed}${next ? ', next' : ''}`),
  }
  client = new HostClient({ model: 'demo', device, home, cache: false }, observer, HOST)
}

async function run(
  engine: Pick<HostClient, 'answer'>,
  turn: TurnRequest,
): Promise<{ answer: Answer; events: EngineEvent[]; streamed: string }> {
  const events: EngineEvent[] = []
  for await (const event of engine.answer('talk', turn, never)) events.push(event)
  const last = events.at(-1)
  if (last?.kind !== 'done') throw new Error('a run ends with done')
  const streamed = events.map((event) => (event.kind === 'delta' ? event.text : '')).join('')
  return { answer: last.answer, events, streamed }
}

function noticesOf(events: readonly EngineEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'notice' ? [event.text] : []))
}

describe.skipIf(process.platform === 'win32')('a device that crashes or hangs', () => {
  test.each(['SIGABRT', 'SIGBUS'])(
    'by %s during loading is skipped and remembered, and does not count as a crash of the engine',
    async (signal) => {
      start(`${signal} loading`)
      expect((await client.load(never)).name).toBe('demo')
      const { answer, events } = await run(client, describing)
      expect(answer.text).toBe(expected.text)
      expect(noticesOf(events)).toEqual([expect.stringContaining(`it crashed (${signal}) while the language model was loaded`)])
      expect(events.find(({ kind }) => kind === 'notice')).toMatchObject({ remedy: 'retry-devices' })
      expect(answer.notices).toEqual(noticesOf(events))
      expect(noticesOf((await run(client, followUp)).events)).toEqual([])
      expect(await new DeviceTestStore(home).all()).toMatchObject([
        { part: 'language', device: 'vulkan', passed: false, crashed: true, detail: expect.stringContaining(signal) },
      ])
      expect(lost).toEqual([])
      expect(failures).toEqual(['language vulkan, next'])
    },
  )

  test('when chosen by name rejects every request, is remembered, and does not use up the restarts of the engine', async () => {
    start('SIGSEGV loading', 'vulkan')
    for (let i = 0; i < 4; i += 1) {
      await expect(client.load(never)).rejects.toMatchObject({
        code: 'device-unavailable',
        remedy: 'retry-devices',
        message: expect.stringMatching(/"vulkan" .* crashed \(SIGSEGV\).*Choose "auto" or "cpu"/),
      })
    }
    expect(client.state).toBe('not-running')
    expect(lost).toEqual([])
    expect(failures).toEqual(Array.from({ length: 4 }, () => 'language vulkan'))
    expect(await new DeviceTestStore(home).all()).toMatchObject([{ device: 'vulkan', passed: false }])
  })

  test.each([
    ['SIGSEGV', 'crashed (SIGSEGV) while generating an answer'],
    ['SIGSTOP', 'did not respond for 30 seconds while generating an answer'],
    ['failure', 'ErrorDeviceLost'],
  ])('during an answer (%s) does not interrupt the answer or the conversation', async (how, why) => {
    start(`${how} 3`)
    const { answer, events, streamed } = await run(client, describing)
    expect(streamed).toBe(expected.text)
    expect(answer).toMatchObject({ text: expected.text, finish: 'end', tokens: { generated: expected.tokens.generated } })
    const writing = events.findIndex((event) => event.kind === 'delta')
    const crash = events.findIndex((event) => event.kind === 'notice')
    expect(writing).toBeLessThan(crash)
    expect(events.slice(crash).some(({ kind }) => kind === 'delta')).toBe(true)
    expect(noticesOf(events)).toEqual([expect.stringContaining(why)])
    expect(answer.timings.total).toBeGreaterThanOrEqual(answer.timings.firstToken)
    expect(await new DeviceTestStore(home).all()).toMatchObject([{ device: 'vulkan', crashed: true }])
    expect((await run(client, followUp)).answer.text).toBe(expectedFollowUp.text)
    expect((await run(client, { kind: 'regenerate', sampling: testSampling({ maxTokens: 64 }) })).answer.text).toBe(expectedFollowUp.text)
    expect(lost).toEqual([])
  })

  test('during an answer counts the tokens before the crash against the limit', async () => {
    start('SIGSEGV 3')
    const { answer } = await run(client, { ...describing, sampling: testSampling({ maxTokens: 5 }) })
    expect(answer).toMatchObject({ finish: 'length', tokens: { generated: 5 } })
    expect(expected.text.startsWith(answer.text)).toBe(true)
  })

  test('between two answers adds a notice to the next one, and is remembered', async () => {
    start('SIGSEGV idle')
    const first = await run(client, describing)
    expect(first.answer.text).toBe(expected.text)
    expect(noticesOf(first.events)).toEqual([])
    while (failures.length === 0) await setTimeout(20)
    const { answer, events } = await run(client, followUp)
    expect(answer.text).toBe(expectedFollowUp.text)
    expect(noticesOf(events)).toEqual([expect.stringContaining('it crashed (SIGSEGV) while the state of a conversation was copied')])
    expect(await new DeviceTestStore(home).all()).toMatchObject([{ device: 'vulkan', crashed: true }])
    expect({ lost, failures }).toEqual({ lost: [], failures: ['language vulkan, next'] })
  })

  test('while its free memory is read fails no call, and is remembered', async () => {
    start('SIGABRT run-start')
    await client.load(never)
    expect(await client.runStart({ conversation: 'talk', messages: [] })).toBeNull()
    expect(noticesOf((await run(client, describing)).events)).toEqual([expect.stringContaining('while its free memory was read')])
    expect(await client.runStart({ conversation: 'talk', messages: [] })).toMatchObject({ resident: true })
    expect(await new DeviceTestStore(home).all()).toMatchObject([{ device: 'vulkan', crashed: true }])
    expect({ lost, failures }).toEqual({ lost: [], failures: ['language vulkan, next'] })
  })

  test('is not blamed for a crash while no device is in use', async () => {
    start('SIGSEGV never')
    await client.load(never)
    const running = run(client, { ...describing, sampling: testSampling({ maxTokens: 2000 }) })
    const [pid] = childrenOf(process.pid)
    process.kill(pid as number, 'SIGSEGV')
    await expect(running).rejects.toMatchObject({ code: 'engine-crashed' })
    expect(lost).toMatchObject([{ code: 'engine-crashed' }])
  })
})

test.skipIf(process.platform === 'win32')('a conversation continues after a crash of the engine itself', async () => {
  start('')
  await run(client, describing)
  const [pid] = childrenOf(process.pid)
  process.kill(pid as number, 'SIGKILL')
  await ended(pid as number)
  // The operating system knows before this process does.
  while (lost.length === 0) await setTimeout(20)
  await expect(client.load(never).then(() => run(client, followUp))).resolves.toMatchObject({ answer: { text: expectedFollowUp.text } })
})
