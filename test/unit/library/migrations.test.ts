import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { migrations } from '../../../src/library/migrations.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { seen } from './scratch-library.ts'

/** A library of the first version: a clip of the user's and an upload, both in a batch that was paused while its last clip ended. */
async function firstVersion(scratch: ScratchFolder): Promise<void> {
  const db = new DatabaseSync(join(scratch.directory, 'library.sqlite'))
  db.exec(`${migrations[0]}; PRAGMA user_version = 1`)
  const facts = JSON.stringify(seen('/clips/a.mp4').facts)
  const clip = db.prepare(
    "INSERT INTO clips (id, path, folder, name, bytes, modified, hash, facts, uploaded, created) VALUES (?, ?, '/', ?, 1, 1, 'hash', ?, ?, 1)",
  )
  clip.run('mine', '/clips/a.mp4', 'a.mp4', facts, 0)
  clip.run('upload', '/home/uploads/x.mp4', 'holiday.mp4', facts, 1)
  db.exec(`
    INSERT INTO batches VALUES ('batch', 'Old', NULL, '{}', 1, 'paused', 1);
    INSERT INTO batch_items (id, batch, position, clip, state) VALUES ('one', 'batch', 0, 1, 'done'), ('two', 'batch', 1, 2, 'failed');
  `)
  db.close()
}

test('clips of the first version keep their paths, uploads their names', async () => {
  await using scratch = await ScratchFolder.make()
  await firstVersion(scratch)
  using library = new Library(scratch.directory)
  expect(library.clips.get('mine')).toMatchObject({ path: '/clips/a.mp4', given: '/clips/a.mp4', name: 'a.mp4' })
  expect(library.clips.get('upload')).toMatchObject({ path: '/home/uploads/x.mp4', given: 'holiday.mp4', name: 'holiday.mp4' })
  expect(library.batches.items('batch', { limit: 5 }).items.map(({ path }) => path)).toEqual(['/clips/a.mp4', 'holiday.mp4'])
  expect(library.batches.get('batch')).toMatchObject({ state: 'done', refused: [] })
})

test('a library does not change when it is opened again', async () => {
  await using scratch = await ScratchFolder.make()
  await firstVersion(scratch)
  for (let i = 0; i < 2; i++) {
    using library = new Library(scratch.directory)
    library.clips.update('mine', { ...seen('/clips/b.mp4'), given: '/clips/b.mp4' })
  }
  using library = new Library(scratch.directory)
  expect(library.clips.get('mine').given).toBe('/clips/b.mp4')
})

test('answers of the second version have no times, and lose new ones with their text', async () => {
  await using scratch = await ScratchFolder.make()
  const db = new DatabaseSync(join(scratch.directory, 'library.sqlite'))
  db.exec(`${migrations.slice(0, 2).join(';')}; PRAGMA user_version = 2`)
  const facts = JSON.stringify(seen('/clips/a.mp4').facts)
  db.prepare(
    "INSERT INTO clips (id, path, folder, given, name, bytes, modified, hash, facts, uploaded, created) VALUES ('mine', '/a', '/', '/a', 'a', 1, 1, NULL, ?, 0, 1)",
  ).run(facts)
  db.exec(`
    INSERT INTO chats (id, clip, created, updated) VALUES ('chat', 1, 1, 1);
    INSERT INTO turns (chat, position, question, text, settings, model, state, created) VALUES ('chat', 0, 'What?', 'A square.', '{}', 'demo', 'done', 1);
  `)
  db.close()
  const timed = { text: 'A square.', clauses: [], sentences: [], timings: { score: 1, zoom: 0 } }
  {
    using library = new Library(scratch.directory)
    expect(library.chats.turn('chat', 0)).toMatchObject({ text: 'A square.', timed: null, version: 0, versions: 1 })
    expect(library.events.get(library.clips.get('mine').key)).toBeNull()
    expect(library.chats.time('chat', 0, { ...timed, text: 'A circle.' }).timed).toBeNull()
    expect(library.chats.time('chat', 0, timed).timed).toEqual(timed)
  }
  const again = new DatabaseSync(join(scratch.directory, 'library.sqlite'))
  again.exec("UPDATE turns SET text = 'A square.'")
  expect(again.prepare('SELECT timed FROM turns').get()).toEqual({ timed: JSON.stringify(timed) })
  again.exec("UPDATE turns SET text = 'A circle.'")
  expect(again.prepare('SELECT timed FROM turns').get()).toEqual({ timed: null })
  again.close()
})

test('versions of answers that are older than their search are found too', async () => {
  await using scratch = await ScratchFolder.make()
  const db = new DatabaseSync(join(scratch.directory, 'library.sqlite'))
  db.exec(`${migrations.slice(0, 4).join(';')}; PRAGMA user_version = 4`)
  const facts = JSON.stringify(seen('/clips/a.mp4').facts)
  db.prepare(
    "INSERT INTO clips (id, path, folder, given, name, bytes, modified, hash, facts, uploaded, created) VALUES ('mine', '/a', '/', '/a', 'a', 1, 1, NULL, ?, 0, 1)",
  ).run(facts)
  db.exec(`
    INSERT INTO chats (id, clip, created, updated) VALUES ('chat', 1, 1, 1);
    INSERT INTO turns (chat, position, question, text, settings, model, state, created, version) VALUES ('chat', 0, 'What?', 'A square.', '{}', 'demo', 'done', 1, 1);
    INSERT INTO turn_versions (turn, version, text, settings, model, state, created) VALUES (1, 0, 'A disc.', '{}', 'demo', 'done', 1);
  `)
  db.close()
  using library = new Library(scratch.directory)
  expect(library.search({ text: 'disc', limit: 5 }).items.map(({ chat }) => chat?.id)).toEqual(['chat'])
  expect(library.chats.versions('chat', 0).map(({ text }) => text)).toEqual(['A disc.', 'A square.'])
})

test('words within sentences of older libraries are found', async () => {
  await using scratch = await ScratchFolder.make()
  const db = new DatabaseSync(join(scratch.directory, 'library.sqlite'))
  db.exec(`${migrations.slice(0, 6).join(';')}; PRAGMA user_version = 6`)
  const facts = JSON.stringify(seen('/clips/a.mp4').facts)
  db.prepare(
    "INSERT INTO clips (id, path, folder, given, name, bytes, modified, hash, facts, uploaded, created) VALUES ('mine', '/a', '/', '/a', '海边假日.mp4', 1, 1, NULL, ?, 0, 1)",
  ).run(facts)
  db.exec(`
    INSERT INTO chats (id, clip, created, updated) VALUES ('chat', 1, 1, 1);
    INSERT INTO turns (chat, position, question, text, settings, model, state, created, version) VALUES ('chat', 0, '有什么颜色？', '蓝色方块旋转。', '{}', 'demo', 'done', 1, 1);
    INSERT INTO turn_versions (turn, version, text, settings, model, state, created) VALUES (1, 0, '红色的圆。', '{}', 'demo', 'done', 1);
    INSERT INTO clip_events VALUES (1, '{}', '{}', 1);
    INSERT INTO moments (clip, kind, start, text) VALUES (1, 'event', 2, '一扇门打开。');
  `)
  db.close()
  using library = new Library(scratch.directory)
  const found = (text: string) => library.search({ text, limit: 5 }).items.map(({ chat }) => chat?.id)
  for (const text of ['假日', '颜色', '方块', '的圆', '打开']) expect(found(text)).toEqual(['chat'])
  // Changed texts are found, and former ones are not.
  library.clips.update('mine', { ...seen('/a'), name: '雪山.mp4' })
  library.chats.remove('chat')
  expect(found('假日')).toEqual([])
  expect(found('雪山')).toEqual([undefined])
  expect(found('方块')).toEqual([])
  expect(library.events.remove(1)).toBe(true)
  expect(found('打开')).toEqual([])
})
