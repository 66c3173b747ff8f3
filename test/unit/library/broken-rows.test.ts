import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import { addConversation, eventsOf, ScratchLibrary, seen } from './scratch-library.ts'

/** Writes to the library's file as another program would, and opens the library again. */
function afterChanges(scratch: ScratchLibrary, ...statements: readonly string[]) {
  scratch.library[Symbol.dispose]()
  const db = new DatabaseSync(join(scratch.home, 'library.sqlite'))
  for (const statement of statements) db.exec(statement)
  db.close()
  return scratch.restart()
}

test.each(["'{'", "''", '\'"many"\'', "'[]'", "'-5'"])(
  'a setting whose row contains %s counts as not set, and the others remain',
  (value) => {
    using scratch = new ScratchLibrary()
    scratch.library.settings.set({ frames: 12, model: 'big', cache: false })
    const { settings } = afterChanges(scratch, `UPDATE settings SET value = ${value} WHERE name = 'frames'`)
    expect(settings.get()).toMatchObject({ frames: null, model: 'big', cache: false })
    settings.set({ frames: 6 })
    expect(settings.get()).toMatchObject({ frames: 6 })
  },
)

test.each(["'{'", "'[1]'", '\'{"model":7}\''])('a turn with %s in its columns is shown without them', (value) => {
  using scratch = new ScratchLibrary()
  const id = addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  const { chats } = afterChanges(scratch, `UPDATE turns SET settings = ${value}, answer = '{', error = 'x'`)
  expect(chats.turns(id)).toMatchObject([{ question: 'What?', text: 'A square.', settings: {}, answer: null, error: null }])
})

test.each([
  [
    'a remedy in the details, as earlier versions wrote it',
    { code: 'model-missing', message: 'Not here.', details: { asked: 'a', way: 'import-model' } },
    { code: 'model-missing', message: 'Not here.', details: { asked: 'a' }, remedy: 'import-model' },
  ],
  [
    'details with only a remedy',
    { code: 'write-failed', message: 'It is there.', details: { way: 'existing-texts' } },
    { code: 'write-failed', message: 'It is there.', remedy: 'existing-texts' },
  ],
  [
    'a code and a remedy of a newer version',
    { code: 'moon-missing', message: 'No moon.', remedy: 'wait', details: { night: 1 } },
    { code: 'internal', message: 'No moon.', details: { night: 1 } },
  ],
  ['no details', { code: 'disk-full', message: 'Full.' }, { code: 'disk-full', message: 'Full.' }],
])('an error saved with %s is read', (_, saved, expected) => {
  using scratch = new ScratchLibrary()
  const id = addConversation(scratch.library, '/a.mp4', 'What?', '')
  const { chats } = afterChanges(scratch, `UPDATE turns SET state = 'failed', error = '${JSON.stringify(saved)}'`)
  expect(chats.turns(id).map(({ error }) => error)).toEqual([expected])
})

test('a clip of an unknown kind is read as a video', () => {
  using scratch = new ScratchLibrary()
  addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  const library = afterChanges(scratch, 'UPDATE clips SET facts = \'{"kind":"hologram"}\'')
  expect(library.search({ text: '', limit: 10 }).items).toMatchObject([{ clip: { kind: 'video' } }])
})

test('a clip with unreadable metadata is probed again, and keeps its conversations', () => {
  using scratch = new ScratchLibrary()
  addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  addConversation(scratch.library, '/b.mp4', 'What?', 'A circle.')
  const library = afterChanges(scratch, "UPDATE clips SET facts = '{\"kind\":' WHERE name = 'a.mp4'")
  // No file has this modification time, so the next look at the clip reads its file.
  expect(library.clips.byPath('/a.mp4')).toMatchObject({ modified: -1, facts: { path: '/a.mp4', frameCount: 0 } })
  expect(library.search({ text: '', limit: 10 }).total).toBe(2)
  expect(library.search({ text: '', kind: 'video', limit: 10 }).items).toHaveLength(2)
})

test('a batch with unreadable settings continues with the defaults', () => {
  using scratch = new ScratchLibrary()
  const clip = scratch.library.clips.add(seen('/a.mp4'))
  const { id } = scratch.library.batches.create({ title: 'x', question: null, settings: { maxPixels: 9 }, skipDescribed: false }, [
    clip.key,
  ])
  const { batches } = afterChanges(scratch, "UPDATE batches SET settings = 'x'", "UPDATE batch_items SET error = '{'")
  expect(batches.get(id)).toMatchObject({ settings: {}, counts: { waiting: 1 } })
  expect(batches.items(id, { limit: 5 }).items).toMatchObject([{ error: null }])
})

test('an unreadable job is ignored', () => {
  using scratch = new ScratchLibrary()
  scratch.library.modelJobs.put('a', { spec: 1 })
  scratch.library.modelJobs.put('b', { spec: 2 })
  const { modelJobs } = afterChanges(scratch, "UPDATE model_jobs SET job = 'x' WHERE id = 'a'")
  expect(modelJobs.all()).toEqual([undefined, { spec: 2 }])
})

test('unreadable events count as none, and can be replaced', () => {
  using scratch = new ScratchLibrary()
  const clip = scratch.library.clips.add(seen('/a.mp4'))
  scratch.library.events.put(clip.key, { model: 'demo' }, eventsOf([[0, 'A circle.', []]]))
  const library = afterChanges(scratch, "UPDATE clip_events SET found = '{', settings = 'x'", "UPDATE turns SET timed = 'x'")
  expect(library.events.get(clip.key)).toBeNull()
  expect(library.search({ text: 'circle', model: 'demo', limit: 5 }).total).toBe(0)
  expect(library.search({ text: 'circle', limit: 5 }).total).toBe(1)
  const stored = library.events.put(clip.key, {}, eventsOf([[0, 'A star.', []]]))
  expect(library.events.get(clip.key)).toEqual(stored)
})
