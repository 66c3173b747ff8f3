import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { rowAt } from '../../../../src/renderer/lib/sparse-pages.ts'
import { RPC_PATH } from '../../../../src/shared/contract/addresses.ts'
import { type BatchEvent, type BatchItem, type BatchJob, type BatchState, batchContract } from '../../../../src/shared/contract/batch.ts'
import { WAIT } from '../../../helpers/wait.ts'

const id = (letter: string) => letter.repeat(22)
const jobOf = (state: BatchState, title = 'Shapes'): BatchJob => ({
  id: id('j'),
  title,
  question: null,
  settings: {},
  state,
  counts: { waiting: 1, running: 0, done: 0, failed: 0, skipped: 0 },
  refused: [],
  created: 1,
  secondsLeft: null,
})
const itemOf = (state: BatchItem['state']): BatchItem => ({
  id: id('i'),
  position: 0,
  clip: id('c'),
  name: 'one.mp4',
  path: '/clips/one.mp4',
  state,
  progress: 0,
  excerpt: '',
  chat: null,
  error: null,
})

/** Delivers events at once to all watchers. */
class Stream {
  #waiting: BatchEvent[] = []
  #wake = () => {}

  emit(event: BatchEvent): void {
    this.#waiting.push(event)
    this.#wake()
  }

  async *events(): AsyncGenerator<BatchEvent, void> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next) yield next
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** Each test controls the service's events, because only so can an answer be outdated and arrive last. */
let stream: Stream
let answers: {
  items: () => Promise<BatchItem>
  pause: () => Promise<BatchJob>
  list: (cursor: string | undefined) => Promise<BatchJob>
  nextCursor: string | null
}
const area = implement(batchContract)
const handler = new RPCHandler({
  batch: {
    watch: area.watch.handler(() => stream.events()),
    items: area.items.handler(async () => ({ items: [await answers.items()], total: 1 })),
    pause: area.pause.handler(() => answers.pause()),
    list: area.list.handler(async ({ input: { cursor } }) => ({
      items: [await answers.list(cursor)],
      total: 1,
      cursor: cursor === undefined ? answers.nextCursor : null,
    })),
  },
})

const server = createServer((request, response) => void handler.handle(request, response, { prefix: RPC_PATH }))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
vi.stubGlobal('window', { location: { href: `http://127.0.0.1:${port}/` } })
vi.resetModules() // another test file's port leads to another server
const { useBatches } = await import('../../../../src/renderer/stores/batches.ts')
const { service } = await import('../../../../src/renderer/transport.ts')
const shown = useBatches.getState

beforeEach(() => {
  stream = new Stream()
  answers = {
    items: async () => itemOf('waiting'),
    pause: async () => jobOf('paused'),
    list: async () => jobOf('running'),
    nextCursor: null,
  }
})

afterEach(() => shown().show(null))

afterAll(() => {
  vi.unstubAllGlobals()
  server.closeAllConnections()
  server.close()
})

async function open(): Promise<void> {
  void shown().show(id('j'))
  stream.emit({ kind: 'job', job: jobOf('running') })
  await vi.waitFor(() => expect(shown().pages.size).toBe(1), WAIT)
}

/** Sends an event and waits until the page has processed it. */
async function deliver(title: string, ...events: BatchEvent[]): Promise<void> {
  for (const event of [...events, { kind: 'job', job: jobOf('done', title) } as const]) stream.emit(event)
  await vi.waitFor(() => expect(shown().jobs[0]?.title).toBe(title), WAIT)
}

test('an outdated answer to a call does not replace newer events of a batch', async () => {
  await open()
  answers.pause = async () => {
    await deliver('Over')
    return jobOf('paused')
  }
  await shown().change(() => service.batch.pause({ job: id('j') }))
  expect(shown().jobs).toEqual([jobOf('done', 'Over')])
})

test('the list of batches does not overwrite events that came during its request', async () => {
  await open()
  answers.list = async () => {
    await deliver('Over')
    return jobOf('running')
  }
  await shown().load()
  expect(shown().jobs).toEqual([jobOf('done', 'Over')])
})

test('a page of rows does not overwrite events that came during its request', async () => {
  answers.items = async () => {
    await deliver('Over', { kind: 'item', item: itemOf('done') })
    return itemOf('waiting')
  }
  await open()
  expect(rowAt(shown().pages, 0)).toEqual(itemOf('done'))
})

test('reads rows again when the service reports many changes', async () => {
  await open()
  answers.items = async () => itemOf('failed')
  stream.emit({ kind: 'items' })
  await vi.waitFor(() => expect(rowAt(shown().pages, 0)?.state).toBe('failed'), WAIT)
})

test('updates a visible clip', async () => {
  await open()
  stream.emit({ kind: 'item', item: itemOf('running') })
  await vi.waitFor(() => expect(rowAt(shown().pages, 0)?.state).toBe('running'), WAIT)
})

test('lists every batch of all pages', async () => {
  answers.nextCursor = 'second page'
  answers.list = async (cursor) => ({ ...jobOf('done'), id: id(cursor === 'second page' ? 'b' : 'a') })
  await shown().load()
  expect(shown().jobs.map((job) => job.id)).toEqual([id('a'), id('b')])
})
