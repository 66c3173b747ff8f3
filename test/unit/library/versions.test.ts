import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { migrations } from '../../../src/library/migrations.ts'
import { exportLibrary, importLibrary } from '../../../src/service/library-file.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { ScratchLibrary, seen } from './scratch-library.ts'

const question = { question: 'What?', settings: {}, model: 'demo' }

/** Numbers and texts of all answers to the first question, and the number of the present one. */
function versionsOf({ chats }: Library, id: string) {
  return { all: chats.versions(id, 0).map(({ version, text }) => [version, text]), present: chats.turn(id, 0).version }
}

test('an answer that replaces an empty one takes its number, also between others', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const { id } = chats.create(clips.add(seen('/a.mp4')).key)
  const again = (text: string) => {
    chats.begin(id, 0, question, { keepAnswer: true })
    chats.end(id, 0, { state: 'stopped', text })
  }
  chats.begin(id, 0, question)
  chats.end(id, 0, { state: 'stopped', text: 'One' })
  again('')
  chats.chooseVersion(id, 0, 0)
  again('Three')
  chats.chooseVersion(id, 0, 1)
  again('Two')
  const all = [
    [0, 'One'],
    [1, 'Two'],
    [2, 'Three'],
  ]
  expect(versionsOf(scratch.library, id)).toEqual({ all, present: 1 })
  again('Four')
  expect(chats.chooseVersion(id, 0, 2)).toMatchObject({ text: 'Three', versions: 4 })
  expect(versionsOf(scratch.library, id)).toEqual({ all: [...all, [3, 'Four']], present: 2 })
})

/** A library of the fifth version, whose first conversation has two answers with one number, and whose second one is in order. */
async function collided(scratch: ScratchFolder): Promise<void> {
  const db = new DatabaseSync(join(scratch.directory, 'library.sqlite'))
  db.exec(`${migrations.slice(0, 5).join(';')}; PRAGMA user_version = 5`)
  db.prepare(
    "INSERT INTO clips (id, path, folder, given, name, bytes, modified, hash, facts, uploaded, created) VALUES ('mine', '/a', '/', '/a', 'a', 1, 1, NULL, ?, 0, 1)",
  ).run(JSON.stringify(seen('/a').facts))
  db.exec(`
    INSERT INTO chats (id, clip, created, updated) VALUES ('collided', 1, 1, 1), ('whole', 1, 1, 1);
    INSERT INTO turns (key, chat, position, question, text, settings, model, state, created, version) VALUES
      (1, 'collided', 0, 'What?', 'Newest', '{}', 'demo', 'done', 4, 2),
      (2, 'whole', 0, 'What?', 'First', '{}', 'demo', 'done', 1, 0);
    INSERT INTO turn_versions (turn, version, text, settings, model, state, created) VALUES
      (1, 0, 'Oldest', '{}', 'demo', 'done', 1), (1, 2, 'Middle', '{}', 'demo', 'done', 3),
      (2, 2, 'Third', '{}', 'demo', 'done', 3), (2, 1, 'Second', '{}', 'demo', 'done', 2);
  `)
  db.close()
}

test('answers of an older library with one number are numbered again', async () => {
  await using scratch = await ScratchFolder.make()
  await collided(scratch)
  using library = new Library(scratch.directory)
  const all = [
    [0, 'Oldest'],
    [1, 'Middle'],
    [2, 'Newest'],
  ]
  expect(versionsOf(library, 'collided')).toEqual({ all, present: 2 })
  expect(library.chats.chooseVersion('collided', 0, 1).text).toBe('Middle')
  expect(versionsOf(library, 'collided')).toEqual({ all, present: 1 })
  const whole = [
    [0, 'First'],
    [1, 'Second'],
    [2, 'Third'],
  ]
  expect(versionsOf(library, 'whole')).toEqual({ all: whole, present: 0 })
})

test('answers of an exported library with one number are numbered again, the present one as the last', async () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const { id } = chats.create(clips.add(seen('/a.mp4')).key)
  for (const text of ['One', 'Two', 'Three']) {
    chats.begin(id, 0, question, { keepAnswer: text !== 'One' })
    chats.end(id, 0, { state: 'stopped', text })
  }
  const file = JSON.parse(exportLibrary(scratch.library, [id], []).text)
  file.chats[0].turns[0].otherVersions[1].version = 2
  await using folder = await ScratchFolder.make()
  using other = new Library(folder.directory)
  importLibrary(other, folder.path('uploads'), JSON.stringify(file))
  const all = [
    [0, 'One'],
    [1, 'Two'],
    [2, 'Three'],
  ]
  expect(versionsOf(other, id)).toEqual({ all, present: 2 })
})
