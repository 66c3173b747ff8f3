import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import type { ClipEvents } from '../../../../src/shared/clip-events.ts'
import { RPC_PATH } from '../../../../src/shared/contract/addresses.ts'
import { FAILED } from '../../../../src/shared/contract/base.ts'
import type { Chat, Turn } from '../../../../src/shared/contract/chats.ts'
import { eventsContract, type FindEventsEvent, type StoredEvents, type TimeAnswerEvent } from '../../../../src/shared/contract/events.ts'

const HANDLE = 'abcdefghijklmnopqrstuv'
const area = implement(eventsContract)
const unused = () => {
  throw new Error('not part of this test')
}
/** Answers of the service; each test gives its own. */
let find: (signal: AbortSignal | undefined) => AsyncGenerator<FindEventsEvent, void>
let stored: StoredEvents | null
let time: () => AsyncGenerator<TimeAnswerEvent, void> = unused
const handler = new RPCHandler({
  events: {
    find: area.find.handler(({ signal }) => find(signal)),
    get: area.get.handler(() => stored),
    remove: area.remove.handler(() => {
      stored = null
    }),
    cost: area.cost.handler(unused),
    export: area.export.handler(unused),
    time: area.time.handler(() => time()),
    check: area.check.handler(unused),
  },
})

const server = createServer((request, response) => void handler.handle(request, response, { prefix: RPC_PATH }))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
vi.stubGlobal('window', { location: { href: `http://127.0.0.1:${port}/` } })
vi.resetModules() // another test file's port leads to another server
const { useEvents } = await import('../../../../src/renderer/stores/events.ts')
const { useChat } = await import('../../../../src/renderer/stores/chat.ts')
const store = useEvents.getState

beforeEach(() => {
  store().clear()
  stored = null
})

afterAll(() => {
  vi.unstubAllGlobals()
  server.closeAllConnections()
  server.close()
})

const segment = (done: number): FindEventsEvent => ({
  kind: 'segment',
  done,
  of: 3,
  segment: { start: done - 1, end: done, text: `part ${done}` },
  events: [],
  secondsLeft: null,
})

const saved = (): StoredEvents => ({ clip: HANDLE, settings: {}, found: { segments: [], events: [] } as unknown as ClipEvents, created: 1 })

/** A promise that the test resolves. */
function opened() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

async function until(reached: () => boolean): Promise<void> {
  if (reached()) return
  await new Promise<void>((resolve) => {
    const stop = useEvents.subscribe(() => {
      if (!reached()) return
      stop()
      resolve()
    })
  })
}

test('shows segments as they arrive, and the stored events at the end', async () => {
  const seen: number[] = []
  const stop = useEvents.subscribe(({ run }) => run && seen.push(run.segments.length))
  find = async function* () {
    yield segment(1)
    yield segment(2)
    yield { kind: 'saved', stored: saved() }
  }
  await store().find(HANDLE, {})
  stop()
  expect(new Set(seen)).toEqual(new Set([0, 1, 2]))
  expect(store()).toMatchObject({ run: null, stored: { clip: HANDLE }, problem: null, source: 'clip' })
  await store().remove(HANDLE)
  expect(store().stored).toBeNull()
})

test('a stopped search aborts the call, keeps its segments, and ignores later ones', async () => {
  const aborted = opened()
  find = async function* (signal) {
    signal?.addEventListener('abort', () => aborted.resolve())
    yield segment(1)
    await aborted.promise
    yield segment(2)
  }
  const running = store().find(HANDLE, {})
  await until(() => store().run?.done === 1)
  store().stopFind()
  expect(store().run).toMatchObject({ running: false, done: 1 })
  await aborted.promise
  await running
  expect(store().run).toMatchObject({ running: false, done: 1 })
  expect(store().problem).toBeNull()
  store().dismiss()
  expect(store().run).toBeNull()
})

test('a failure is shown beside the finished segments', async () => {
  find = async function* () {
    yield segment(1)
    const data = { code: 'disk-full' as const, message: 'The disk is full.' }
    throw new ORPCError(FAILED, { status: 422, message: data.message, data, defined: true })
  }
  await store().find(HANDLE, {})
  expect(store().problem?.code).toBe('disk-full')
  expect(store().run).toMatchObject({ running: false, done: 1 })
})

test('events of a clip that was left are ignored', async () => {
  const gate = opened()
  find = async function* () {
    yield segment(1)
    await gate.promise
    yield { kind: 'saved', stored: saved() }
  }
  const running = store().find(HANDLE, {})
  await until(() => store().run?.done === 1)
  store().clear()
  gate.resolve()
  await running
  expect(store()).toMatchObject({ run: null, stored: null })
  stored = saved()
  await store().load(HANDLE)
  expect(store()).toMatchObject({ loaded: true, stored: { clip: HANDLE } })
})

test('times that are found for another conversation than the one that is shown change nothing in it', async () => {
  const [shown, other] = ['s', 'o'].map((letter) => letter.repeat(22)) as [string, string]
  const show = (id: string) => useChat.setState({ chat: { id, all: [] } as unknown as Chat })
  const gate = opened()
  time = async function* () {
    yield { kind: 'scored', done: 1, of: 2 }
    await gate.promise
    yield { kind: 'saved', turn: { index: 1 } as Turn }
  }
  show(other)
  store().choose(0)
  const finding = store().time(other, 1)
  await until(() => store().timing?.run.done === 1)
  expect(store().timing).toMatchObject({ chat: other, turn: 1 })
  show(shown)
  expect(store().source).toBeNull()
  gate.resolve()
  await finding
  expect(store()).toMatchObject({ timing: null, source: null })
  useChat.setState({ chat: null })
})

test('the settings of the next search stay until it begins or another clip is opened', async () => {
  find = async function* () {
    yield { kind: 'saved', stored: saved() }
  }
  store().edit({ text: 'A dog runs. It ' })
  stored = saved()
  await store().load(HANDLE)
  expect(store().draft).toEqual({ text: 'A dog runs. It ' })
  await store().find(HANDLE, { text: 'A dog runs.' })
  expect(store()).toMatchObject({ draft: null, asked: { text: 'A dog runs.' } })
  store().edit({ scenes: false })
  store().clear()
  expect(store().draft).toBeNull()
})
