import { expect, test } from 'vitest'
import { addConversation, ScratchLibrary, seen } from './scratch-library.ts'

function clips(scratch: ScratchLibrary, count: number): number[] {
  return Array.from({ length: count }, (_, i) => scratch.library.clips.add(seen(`/clips/${i}.mp4`)).key)
}

const batch = { title: 'Holiday', question: null, settings: {}, skipDescribed: true }

test('works through clips in order, and resumes with the interrupted one after a restart', () => {
  using scratch = new ScratchLibrary()
  const { batches } = scratch.library
  const { id } = batches.create(batch, clips(scratch, 3))
  const first = batches.next(id)
  expect(first).toMatchObject({ position: 0, name: '0.mp4', state: 'waiting' })
  const chat = addConversation(scratch.library, '/x.mp4', 'What?', 'A square. '.repeat(40))
  batches.setItem(first?.id ?? '', { state: 'done', chat, milliseconds: 4000 })
  const second = batches.next(id)
  batches.setItem(second?.id ?? '', { state: 'running' })
  expect(batches.next(id)).toMatchObject({ position: 2 })

  const again = scratch.restart().batches
  expect(again.running()).toEqual([id])
  expect(again.next(id)).toMatchObject({ id: second?.id, state: 'waiting' })
  expect(again.get(id)).toMatchObject({ counts: { waiting: 2, running: 0, done: 1, failed: 0, skipped: 0 }, meanMilliseconds: 4000 })
  expect(again.item(first?.id ?? '').excerpt).toHaveLength(200)
})

test('retries failed clips, all or one, and no finished ones', () => {
  using scratch = new ScratchLibrary()
  const { batches } = scratch.library
  const { id } = batches.create(batch, clips(scratch, 4))
  const [a, b, c, d] = batches.items(id, { limit: 10 }).items.map((item) => item.id)
  const error = { code: 'file-missing', message: 'gone' } as const
  batches.setItem(a ?? '', { state: 'done' })
  batches.setItem(b ?? '', { state: 'failed', error })
  batches.setItem(c ?? '', { state: 'failed', error })
  batches.setItem(d ?? '', { state: 'skipped' })
  batches.retry(id, c)
  expect(batches.items(id, { limit: 10 }).items.map(({ state }) => state)).toEqual(['done', 'failed', 'waiting', 'skipped'])
  expect(batches.item(b ?? '').error).toEqual(error)
  batches.retry(id, undefined)
  expect(batches.items(id, { limit: 10 }).items.map(({ state }) => state)).toEqual(['done', 'waiting', 'waiting', 'skipped'])
})

test('returns any page of items, and items of one state', () => {
  using scratch = new ScratchLibrary()
  const { batches } = scratch.library
  const { id } = batches.create(batch, clips(scratch, 5))
  const one = batches.items(id, { limit: 3 })
  const two = batches.items(id, { limit: 3, offset: 3 })
  expect([...one.items, ...two.items].map(({ position }) => position)).toEqual([0, 1, 2, 3, 4])
  expect(two).toMatchObject({ total: 5 })
  expect(batches.items(id, { limit: 3, offset: 9 })).toEqual({ items: [], total: 5 })
  expect(batches.items(id, { limit: 3, state: 'done' })).toEqual({ items: [], total: 0 })
  batches.remove(id)
  expect(() => batches.get(id)).toThrow(expect.objectContaining({ code: 'nothing-found' }))
  expect(batches.list(10, undefined).items).toEqual([])
})
