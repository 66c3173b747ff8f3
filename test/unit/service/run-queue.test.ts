import { expect, test } from 'vitest'
import { type RunKind, RunQueue } from '../../../src/service/run-queue.ts'

const never = new AbortController().signal

/** Enters and resolves to the function that leaves, once it is its turn; reports are in `heard`. */
async function enter(queue: RunQueue, client: string, kind: RunKind, reports: number[] = [], signal = never): Promise<() => void> {
  const waiting = queue.enter(client, kind, signal)
  for (;;) {
    const next = await waiting.next()
    if (next.done) return next.value
    reports.push(next.value)
  }
}

async function orderOf(queue: RunQueue, wanted: readonly (readonly [name: string, client: string, kind: RunKind])[]): Promise<string[]> {
  const first = await enter(queue, 'first', 'chat')
  const order: string[] = []
  const all = wanted.map(async ([name, client, kind]) => {
    const leave = await enter(queue, client, kind)
    order.push(name)
    leave()
  })
  first()
  await Promise.all(all)
  return order
}

test('clients take turns, however much one of them requests', async () => {
  const order = await orderOf(new RunQueue(), [
    ['a1', 'a', 'api'],
    ['a2', 'a', 'api'],
    ['a3', 'a', 'api'],
    ['b1', 'b', 'chat'],
    ['b2', 'b', 'chat'],
  ])
  expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3'])
})

test('questions come before batches, and batches take turns', async () => {
  const order = await orderOf(new RunQueue(), [
    ['x1', 'x', 'batch'],
    ['x2', 'x', 'batch'],
    ['y1', 'y', 'batch'],
    ['me', 'page', 'chat'],
  ])
  expect(order).toEqual(['me', 'x1', 'y1', 'x2'])
})

test('reports its place, and leaves the queue on an abort', async () => {
  const queue = new RunQueue()
  const leave = await enter(queue, 'a', 'chat')
  const stop = new AbortController()
  const reports: number[] = []
  const stopped = enter(queue, 'b', 'chat', [], stop.signal)
  const waiting = enter(queue, 'c', 'chat', reports)
  await expect.poll(() => reports).toEqual([2])
  stop.abort()
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
  await expect.poll(() => reports).toEqual([2, 1])
  expect(queue.waiting).toBe(1)
  leave()
  ;(await waiting)()
  expect([queue.running, queue.waiting]).toEqual([null, 0])
})

test('a client that leaves before its turn blocks nobody', async () => {
  const queue = new RunQueue()
  const leave = await enter(queue, 'a', 'chat')
  const abandoned = queue.enter('b', 'chat', never)
  expect(await abandoned.next()).toEqual({ done: false, value: 1 })
  await abandoned.return(() => {})
  leave()
  ;(await enter(queue, 'c', 'chat'))()
  const stop = new AbortController()
  stop.abort()
  await expect(enter(queue, 'd', 'chat', [], stop.signal)).rejects.toMatchObject({ name: 'AbortError' })
  expect(queue.running).toBeNull()
})

test('a run that waits for nobody enters only an idle queue, and others wait for it', async () => {
  const queue = new RunQueue()
  const leave = queue.enterIfIdle('quick', 'batch')
  expect(queue.enterIfIdle('another', 'batch')).toBeNull()
  const reports: number[] = []
  const question = enter(queue, 'page', 'chat', reports)
  await expect.poll(() => reports).toEqual([1])
  leave?.()
  const leaveQuestion = await question
  expect([queue.running, queue.enterIfIdle('quick', 'batch')]).toEqual(['chat', null])
  leaveQuestion()
  expect(queue.running).toBeNull()
})
