import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import { ScratchLibrary, seen } from './scratch-library.ts'

/** The content of the library's file, read as another program would. */
function rows(scratch: ScratchLibrary): number {
  const db = new DatabaseSync(join(scratch.home, 'library.sqlite'), { readOnly: true })
  const { n } = db.prepare('SELECT count(*) AS n FROM chats').get() as { n: number }
  db.close()
  return n
}

test('a conversation is stored with its first turn', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const clip = clips.add(seen('/a.mp4'))
  const { id } = chats.create(clip.key)
  expect(rows(scratch)).toBe(0)
  expect(chats.summary(id)).toMatchObject({ id, clip: clip.id, title: '', turns: 0, model: null })
  expect(chats.turns(id)).toEqual([])
  expect(chats.about(clip.key).map((chat) => chat.id)).toEqual([id])
  const { created } = chats.summary(id)
  chats.begin(id, 0, { question: 'What?', settings: {}, model: 'demo' })
  expect(rows(scratch)).toBe(1)
  expect(chats.summary(id)).toMatchObject({ clip: clip.id, title: 'What?', turns: 1, created })
  expect(chats.about(clip.key)).toHaveLength(1)
  expect(scratch.restart().chats.summary(id)).toMatchObject({ turns: 1 })
})

test('a turn that cannot be written leaves its conversation unchanged', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const { id } = chats.create(clips.add(seen('/a.mp4')).key)
  const fail = () => {
    throw new Error('no')
  }
  expect(() => chats.begin(id, 0, { question: 'What?', settings: {}, model: 'demo' }, { alsoKeep: fail })).toThrow('no')
  expect(rows(scratch)).toBe(0)
  expect(chats.begin(id, 0, { question: 'What?', settings: {}, model: 'demo' })).toMatchObject({ index: 0 })
})

test('a conversation with a title is kept', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const clip = clips.add(seen('/a.mp4'))
  const { id } = chats.create(clip.key)
  chats.rename(id, 'Mine')
  expect(scratch.restart().chats.about(clip.key)).toMatchObject([{ id, title: 'Mine', turns: 0 }])
})

test('a conversation that was removed, forgotten or moved to another clip', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const [a, b] = [clips.add(seen('/a.mp4')), clips.add(seen('/b.mp4'))]
  const [first, second] = [chats.create(a.key), chats.create(a.key)]
  expect(chats.remove(first.id)).toBe(a.id)
  expect(chats.remove(first.id)).toBeNull()
  expect(() => chats.summary(first.id)).toThrow(expect.objectContaining({ code: 'nothing-found' }))
  clips.merge(a, b)
  expect(chats.summary(second.id).clip).toBe(b.id)
  chats.begin(second.id, 0, { question: 'What?', settings: {}, model: 'demo' })
  expect(chats.about(b.key)).toMatchObject([{ id: second.id, turns: 1 }])
  const third = chats.create(b.key)
  expect(() => scratch.restart().chats.summary(third.id)).toThrow(expect.objectContaining({ code: 'nothing-found' }))
})

test('an empty conversation is never about another clip that got the key of its own', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const a = clips.add(seen('/a.mp4'))
  const { id } = chats.create(a.key)
  const db = new DatabaseSync(join(scratch.home, 'library.sqlite'))
  db.exec('DELETE FROM clips')
  db.close()
  expect(clips.add(seen('/b.mp4')).key).toBe(a.key)
  const gone = expect.objectContaining({ code: 'nothing-found' })
  expect(chats.about(a.key)).toEqual([])
  expect(() => chats.summary(id)).toThrow(gone)
  expect(() => chats.begin(id, 0, { question: 'What?', settings: {}, model: 'demo' })).toThrow(gone)
  expect(rows(scratch)).toBe(0)
})

test('removes empty conversations of an older version, except those with a title or a turn', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const clip = clips.add(seen('/a.mp4'))
  const asked = chats.create(clip.key).id
  chats.begin(asked, 0, { question: 'What?', settings: {}, model: 'demo' })
  scratch.library[Symbol.dispose]()
  const db = new DatabaseSync(join(scratch.home, 'library.sqlite'))
  const add = db.prepare('INSERT INTO chats (id, clip, title, created, updated) VALUES (?, ?, ?, 1, 1)')
  for (let i = 0; i < 14; i++) add.run(`ghost-${i}`, clip.key, null)
  add.run('titled', clip.key, 'Mine')
  db.close()
  expect(
    scratch
      .restart()
      .chats.about(clip.key)
      .map(({ id }) => id),
  ).toEqual([asked, 'titled'])
})

test("restarts a batch's interrupted clip without a second conversation", () => {
  using scratch = new ScratchLibrary()
  const { clips, chats, batches } = scratch.library
  const keys = [0, 1, 2].map((i) => clips.add(seen(`/${i}.mp4`)).key)
  const { id: batch } = batches.create({ title: 'x', question: null, settings: {}, skipDescribed: false }, keys)
  const items = batches.items(batch, { limit: 5 }).items
  const startedChats = items.map(({ id: item }, i) => {
    const { id: chat } = chats.create(keys[i] ?? 0)
    batches.setItem(item, { state: 'running' })
    if (i < 2)
      chats.begin(
        chat,
        0,
        { question: 'What?', settings: {}, model: 'demo' },
        { alsoKeep: () => batches.setItem(item, { state: 'running', chat }) },
      )
    return chat
  })
  chats.say(startedChats[0] ?? '', 0, 'half')
  chats.end(startedChats[1] ?? '', 0, { state: 'stopped', text: 'x' })
  scratch.library[Symbol.dispose]()
  const db = new DatabaseSync(join(scratch.home, 'library.sqlite'))
  db.prepare("UPDATE turns SET state = 'done', answer = '{}' WHERE chat = ?").run(startedChats[1] ?? '')
  db.close()

  const again = scratch.restart()
  expect(again.batches.items(batch, { limit: 5 }).items).toMatchObject([
    { state: 'waiting', chat: null },
    { state: 'done', chat: startedChats[1] },
    { state: 'waiting', chat: null },
  ])
  expect(again.chats.ids()).toEqual([startedChats[1]])
})
