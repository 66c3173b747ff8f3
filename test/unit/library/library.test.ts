import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test, vi } from 'vitest'
import type { StoredClip } from '../../../src/library/clips.ts'
import { Library } from '../../../src/library/library.ts'
import { migrations } from '../../../src/library/migrations.ts'
import { MAX_PROMPTS } from '../../../src/shared/contract/settings.ts'
import { addConversation, done, eventsOf, ScratchLibrary, seen } from './scratch-library.ts'

test('conversations survive a restart; a running answer is stopped with the text so far', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const clip = clips.add(seen('/films/a.mp4'))
  const { id } = chats.create(clip.key)
  chats.begin(id, 0, { question: 'What?', settings: { maxPixels: 100 }, model: 'demo' })
  const first = chats.end(id, 0, { state: 'done', text: 'A square.', answer: done })
  chats.begin(id, 1, { question: 'Why?', settings: {}, model: 'demo' })
  chats.say(id, 1, 'Because it')

  const again = scratch.restart()
  expect(again.chats.summary(id)).toMatchObject({ clip: clip.id, title: 'What?', turns: 2, model: 'demo' })
  const [one, two] = again.chats.turns(id)
  expect(one).toEqual(first)
  expect(two).toMatchObject({ state: 'cut-off', text: 'Because it', answer: null })
  // Late updates do not change a finished turn.
  again.chats.say(id, 1, 'something else')
  expect(again.chats.turn(id, 1).text).toBe('Because it')
})

test('each change of its questions or answers gives a conversation another time', () => {
  using scratch = new ScratchLibrary()
  const { chats } = scratch.library
  const id = addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  const times = [chats.summary(id).updated]
  const changes = [
    () => chats.begin(id, 1, { question: 'Why?', settings: {}, model: 'demo' }),
    () => chats.end(id, 1, { state: 'stopped', text: 'x' }),
    () => chats.begin(id, 1, { question: 'Why?', settings: {}, model: 'demo' }, { keepAnswer: true }),
    () => chats.end(id, 1, { state: 'stopped', text: 'y' }),
    () => chats.clear(id),
  ]
  // Also when the clock stands still.
  vi.setSystemTime(times[0] ?? 0)
  for (const change of changes) {
    change()
    times.push(chats.summary(id).updated)
  }
  vi.useRealTimers()
  expect(new Set(times).size).toBe(times.length)
  expect(chats.turns(id)).toEqual([])
})

test('asking at an earlier turn drops the turns after it', () => {
  using scratch = new ScratchLibrary()
  const { chats } = scratch.library
  const id = addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  for (const position of [1, 2]) {
    chats.begin(id, position, { question: `Q${position}`, settings: {}, model: 'demo' })
    chats.end(id, position, { state: 'stopped', text: 'x' })
  }
  chats.begin(id, 1, { question: 'Another', settings: {}, model: 'other' })
  expect(chats.turns(id).map(({ question }) => question)).toEqual(['What?', 'Another'])
  expect(scratch.library.search({ text: 'Q2', limit: 5 }).total).toBe(0)
  expect(() => chats.turn(id, 7)).toThrow(expect.objectContaining({ code: 'usage' }))
})

test('a killed process loses nothing that was confirmed', () => {
  using scratch = new ScratchLibrary()
  const id = addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  scratch.library[Symbol.dispose]()
  const program = `
    import type { StoredClip } from '../../../src/library/clips.ts'
import { Library } from '${new URL('../../../src/library/library.ts', import.meta.url).href}'
    const library = new Library(${JSON.stringify(scratch.home)})
    library.chats.begin('${id}', 1, { question: 'On?', settings: {}, model: 'demo' })
    for (let i = 1; ; i++) {
      library.chats.say('${id}', 1, 'word '.repeat(i))
      process.stdout.write(i + '\\n')
      if (i === 40) process.kill(process.pid, 'SIGKILL')
    }`
  const file = join(scratch.home, 'writer.mts')
  writeFileSync(file, program)
  let written = ''
  try {
    execFileSync(process.execPath, ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    written = (error as { stdout: string }).stdout
  }
  expect(written.trim().split('\n').at(-1)).toBe('40')
  expect(scratch.restart().chats.turn(id, 1)).toMatchObject({ state: 'cut-off', text: 'word '.repeat(40) })
})

test('rejects a library that another process uses, or that a newer program wrote', () => {
  using scratch = new ScratchLibrary()
  expect(() => new Library(scratch.home)).toThrow(expect.objectContaining({ code: 'library-busy' }))
  scratch.library[Symbol.dispose]()
  const path = join(scratch.home, 'library.sqlite')
  const newer = new DatabaseSync(path)
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  expect(() => new Library(scratch.home)).toThrow(
    expect.objectContaining({ code: 'library-damaged', details: { found: 99, expected: migrations.length } }),
  )
})

// Windows cannot remove an open file, and SQLite closes it only when its statements have been garbage-collected.
test.skipIf(process.platform === 'win32')('rejects a damaged library, and opens a new one after its removal', () => {
  using other = new ScratchLibrary()
  other.library[Symbol.dispose]()
  const damaged = join(other.home, 'library.sqlite')
  rmSync(`${damaged}-wal`, { force: true })
  writeFileSync(damaged, 'this was a library once, but somebody wrote a poem over it'.repeat(100))
  expect(() => new Library(other.home)).toThrow(expect.objectContaining({ code: 'library-damaged' }))
  // No lock remains that would block the next attempt.
  rmSync(damaged)
  other.library = new Library(other.home)
  expect(other.library.chats.models()).toEqual([])
})

test('an unfinished transaction is rolled back', () => {
  using scratch = new ScratchLibrary()
  const { library } = scratch
  expect(() =>
    library.transaction(() => {
      library.clips.add(seen('/a.mp4'))
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(library.clips.byPath('/a.mp4')).toBeNull()
})

test('stores settings one by one, and ignores one that is no longer valid', () => {
  using scratch = new ScratchLibrary()
  const { settings } = scratch.library
  settings.set({ frames: 12, model: 'big', prompts: [{ name: 'Mine', text: 'What is it?' }] })
  settings.set({ frames: 8, temperature: 'hot' })
  expect(scratch.restart().settings.get()).toMatchObject({
    frames: 8,
    model: 'big',
    temperature: null,
    prompts: [{ name: 'Mine', text: 'What is it?' }],
  })
  scratch.library.settings.reset(['frames'])
  expect(scratch.library.settings.get()).toMatchObject({ frames: null, model: 'big' })
})

test('prompts are added to those that are stored, each with a name of its own, and removed as they are', () => {
  using scratch = new ScratchLibrary()
  const { settings } = scratch.library
  const [mine, other] = [
    { name: 'Mine', text: 'What is it?' },
    { name: 'Other', text: 'Why?' },
  ] as const
  settings.addPrompt(mine)
  settings.addPrompt(other)
  expect(() => settings.addPrompt({ name: 'Mine', text: 'Who?' })).toThrow(expect.objectContaining({ code: 'usage' }))
  settings.removePrompt({ name: 'Other', text: 'What another page still shows' })
  expect(settings.get().prompts).toEqual([mine, other])
  settings.removePrompt(mine)
  expect(settings.get().prompts).toEqual([other])
  for (let i = 1; i < MAX_PROMPTS; i++) settings.addPrompt({ name: `${i}`, text: 'How?' })
  expect(() => settings.addPrompt(mine)).toThrow(expect.objectContaining({ code: 'usage' }))
  expect(settings.get().prompts).toHaveLength(MAX_PROMPTS)
})

test('a clip keeps its id when moved, and two clips with one file are merged', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const a = clips.add(seen('/a.mp4'))
  clips.setThumbnail(a.id, Uint8Array.of(1, 2))
  expect(clips.thumbnail(a.id)).toEqual(Uint8Array.of(1, 2))
  const moved = clips.update(a.id, seen('/other/a.mp4'))
  expect(moved).toMatchObject({ id: a.id, path: '/other/a.mp4' })
  expect(clips.thumbnail(a.id)).toBeNull()
  const b = clips.add(seen('/b.mp4'))
  const { id } = chats.create(b.key)
  clips.merge(b, moved)
  expect(chats.about(a.key).map((chat) => chat.id)).toEqual([id])
  expect(() => clips.get(b.id)).toThrow(expect.objectContaining({ code: 'nothing-found' }))
})

test('removes only unused clips', () => {
  using scratch = new ScratchLibrary()
  const { clips } = scratch.library
  addConversation(scratch.library, '/kept.mp4', 'What?', 'A square.')
  const loose = clips.add(seen('/loose.mp4'))
  expect(clips.removeUnused({ openedBefore: Date.now() - 60_000 })).toEqual([])
  expect(clips.removeUnused({ openedBefore: Date.now() + 1 }).map(({ id }) => id)).toEqual([loose.id])
  expect(clips.byPath('/kept.mp4')).not.toBeNull()
})

test('of certain clips, removes only unused ones, and none with an empty conversation', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const talked = addConversation(scratch.library, '/talked.mp4', 'What?', 'A square.')
  const [freed, uploading, drafted] = ['/freed.mp4', '/uploading.mp4', '/drafted.mp4'].map((path) => clips.add(seen(path))) as [
    StoredClip,
    StoredClip,
    StoredClip,
  ]
  const draft = chats.create(drafted.key)
  const ids = [freed.id, drafted.id, chats.summary(talked).clip, 'unknown']
  expect(clips.removeUnused({ ids }).map(({ id }) => id)).toEqual([freed.id])
  expect(clips.get(uploading.id).name).toBe('uploading.mp4')
  expect(chats.remove(talked)).toBe(ids[2])
  expect(clips.removeUnused({ ids }).map(({ id }) => id)).toEqual([ids[2]])
  expect(chats.remove(draft.id)).toBe(drafted.id)
  expect(clips.removeUnused({ ids }).map(({ id }) => id)).toEqual([drafted.id])
})

test('a clip with events is kept, and its events move to the clip that replaces it', () => {
  using scratch = new ScratchLibrary()
  const { library } = scratch
  const [one, other, unused] = ['/one.mp4', '/other.mp4', '/unused.mp4'].map((path) => library.clips.add(seen(path))) as [
    StoredClip,
    StoredClip,
    StoredClip,
  ]
  const found = eventsOf([[0, 'A circle grows.', [[1, 'A circle grows.']]]])
  const stored = library.events.put(one.key, { model: 'demo', scenes: false }, found)
  expect(library.events.get(one.key)).toEqual(stored)
  expect(library.clips.removeUnused({ openedBefore: Date.now() + 1000 }, [other.id]).map(({ id }) => id)).toEqual([unused.id])
  library.clips.merge(one, other)
  expect(library.events.get(other.key)).toEqual(stored)
  expect(library.search({ text: 'circle', limit: 5 }).items).toMatchObject([{ clip: { handle: other.id } }])
  // The clip's own events remain.
  const third = library.clips.add(seen('/third.mp4'))
  library.events.put(third.key, {}, eventsOf([[0, 'A star.', []]]))
  library.clips.merge(third, other)
  expect(library.events.get(other.key)).toEqual(stored)
  expect(library.search({ text: 'star', limit: 5 }).total).toBe(0)
  const reopened = scratch.restart()
  expect(reopened.events.get(other.key)).toEqual(stored)
  expect(reopened.events.remove(other.key)).toBe(true)
  expect(reopened.clips.removeUnused({ openedBefore: Date.now() + 1000 }).map(({ id }) => id)).toEqual([other.id])
})

test('a new answer to a question keeps the earlier ones as versions, of which the last turn can have any', () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const { id } = chats.create(clips.add(seen('/a.mp4')).key)
  const question = { question: 'What?', settings: {}, model: 'demo' }
  const timed = { text: 'One', clauses: [], sentences: [], timings: { score: 1, zoom: 0 } }
  chats.begin(id, 0, question)
  chats.end(id, 0, { state: 'stopped', text: 'One' })
  chats.time(id, 0, timed)
  expect(chats.begin(id, 0, { ...question, model: 'other' }, { keepAnswer: true })).toMatchObject({
    text: '',
    model: 'other',
    timed: null,
    version: 1,
    versions: 2,
  })
  // An answer without a text is not worth keeping.
  chats.end(id, 0, { state: 'stopped', text: '' })
  expect(chats.begin(id, 0, question, { keepAnswer: true })).toMatchObject({ version: 1, versions: 2 })
  chats.end(id, 0, { state: 'stopped', text: 'Two' })
  expect(chats.chooseVersion(id, 0, 0)).toMatchObject({ text: 'One', model: 'demo', timed, version: 0, versions: 2 })
  expect(chats.versions(id, 0)).toMatchObject([
    { index: 0, text: 'One', model: 'demo', timed, version: 0, versions: 2 },
    { index: 0, text: 'Two', version: 1, versions: 2 },
  ])
  expect(scratch.restart().chats.chooseVersion(id, 0, 1)).toMatchObject({ text: 'Two', timed: null, version: 1 })
  const again = scratch.library.chats
  again.begin(id, 1, question)
  again.end(id, 1, { state: 'stopped', text: 'Further' })
  for (const [turn, version] of [
    [0, 0],
    [1, 1],
  ] as const)
    expect(() => again.chooseVersion(id, turn, version)).toThrow(expect.objectContaining({ code: 'usage' }))
  // Another question has no versions.
  expect(again.begin(id, 0, question)).toMatchObject({ version: 0, versions: 1 })
})

test('an answer counts as a description only with fitting settings', () => {
  using scratch = new ScratchLibrary()
  const { chats, clips } = scratch.library
  const { key } = clips.add(seen('/clips/a.mp4'))
  const ask = (system: string) => {
    const { id } = chats.create(key)
    chats.begin(id, 0, { question: 'What?', settings: { system }, model: 'demo' })
    chats.end(id, 0, { state: 'done', text: 'A square.', answer: done })
    return id
  }
  const [brief] = [ask('Be brief.'), ask('Be exact.')]
  expect(chats.described(key, 'What?', 'demo', ({ system }) => system === 'Be brief.')).toBe(brief)
  expect(chats.described(key, 'What?', 'demo', ({ system }) => system === '')).toBeNull()
})
