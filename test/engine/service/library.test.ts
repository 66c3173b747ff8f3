import { existsSync } from 'node:fs'
import { appendFile, copyFile, mkdir, rename } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { all, example, finishedTurn, RunService } from './run-service.ts'

const FOLDER = 'Frau Müllers private Filme'
const FILE = 'geheim.mp4'
const settings = { frames: { kind: 'uniform' as const, count: 4 } }

let run: RunService
beforeEach(async () => {
  run = await RunService.make()
  await mkdir(join(run.home, FOLDER))
})
afterEach(() => run[Symbol.asyncDispose]())

/** A clip in the folder with unique content. */
async function clipAt(name: string, source: string): Promise<string> {
  const path = join(run.home, FOLDER, name)
  await copyFile(example(source), path)
  await appendFile(path, name)
  return path
}

/** A conversation of two turns about a clip at a path, and the clip's handle. */
async function conversation(path: string): Promise<{ chat: string; handle: string }> {
  const handle = await run.open(path)
  const { id: chat } = await run.page.chats.create({ handle })
  await finishedTurn(run.page.chats.ask({ chat, settings }))
  await finishedTurn(run.page.chats.ask({ chat, text: 'Is there a zebra in it?' }))
  return { chat, handle }
}

test('an export is imported into another library once, and its conversations continue there', async () => {
  const path = await clipAt(FILE, 'red-circle-right-then-grows.mp4')
  const { chat } = await conversation(path)
  // Two versions of the last answer, of which the first is chosen.
  await finishedTurn(run.page.chats.regenerate({ chat, settings: { ...settings, system: 'Answer in one word.' } }))
  await run.page.chats.chooseVersion({ chat, turn: 1, version: 0 })
  await run.page.chats.rename({ chat, title: 'The red one' })
  const { name, text } = await run.page.library.export({ format: 'library' })
  expect(name).toBe('tarsier-library.json')
  const stored = await run.page.chats.get({ chat })

  await using other = await RunService.make()
  expect(await other.page.library.import({ text })).toEqual({ added: 1, present: 0 })
  expect(await other.page.library.import({ text })).toEqual({ added: 0, present: 1 })
  const restored = await other.page.chats.get({ chat })
  expect(restored.all).toEqual(stored.all)
  const versions = await run.page.chats.versions({ chat, turn: 1 })
  expect(versions.map(({ version, settings: { system } }) => [version, system])).toEqual([
    [0, ''],
    [1, 'Answer in one word.'],
  ])
  expect(await other.page.chats.versions({ chat, turn: 1 })).toEqual(versions)
  expect(restored).toMatchObject({ title: 'The red one', metadata: { name: FILE, present: true } })
  expect((await other.page.library.search({ text: 'zebra' })).items).toMatchObject([{ chat: { id: chat } }])
  // The file is at the exported path; a question continues the conversation.
  const { turn } = await finishedTurn(other.page.chats.ask({ chat, text: 'What color is it?' }))
  expect(turn).toMatchObject({ index: 2, state: 'done' })
})

test('an export keeps events and times of answers; the events of a clip without a conversation can be removed alone', async () => {
  const handle = await run.open(await clipAt(FILE, 'red-circle-right-then-grows.mp4'))
  await all(run.page.events.find({ handle, settings }))
  const { chat } = await conversation(await clipAt('other.mp4', 'blue-square-spins.mp4'))
  await all(run.page.events.time({ chat, turn: 0 }))
  const stored = await run.page.events.get({ handle })
  const { text } = await run.page.library.export({ format: 'library' })
  const only = await run.page.library.export({ format: 'library', clips: [handle] })
  expect(JSON.parse(only.text)).toMatchObject({ chats: [], events: [{ clip: handle }] })

  await using other = await RunService.make()
  expect(await other.page.library.import({ text })).toEqual({ added: 2, present: 0 })
  expect(await other.page.library.import({ text })).toEqual({ added: 0, present: 2 })
  const { items } = await other.page.library.search({ text: 'circle' })
  expect(items).toMatchObject([
    { chat: null, clip: { name: FILE, present: true }, snippets: [{ field: 'event', start: expect.any(Number) }] },
  ])
  const imported = items[0]?.clip.handle ?? ''
  expect(await other.page.events.get({ handle: imported })).toEqual({ ...stored, clip: imported })
  expect((await other.page.chats.get({ chat })).all[0]?.timed).toEqual((await run.page.chats.get({ chat })).all[0]?.timed)
  expect(await other.page.library.remove({ clips: [imported] })).toEqual({ removed: 1 })
  expect((await other.page.library.search({})).items).toMatchObject([{ chat: { id: chat } }])
  await expect(other.page.events.get({ handle: imported })).rejects.toMatchObject({ data: { code: 'nothing-found' } })

  // A file of the first version has neither.
  const { events: _, ...old } = JSON.parse(text)
  for (const clip of old.clips) for (const name of ['given', 'uploaded']) delete clip[name]
  for (const { turns } of old.chats)
    for (const turn of turns) {
      for (const name of ['timed', 'version', 'otherVersions']) delete turn[name]
    }
  await using third = await RunService.make()
  expect(await third.page.library.import({ text: JSON.stringify({ ...old, version: 1 }) })).toEqual({ added: 1, present: 0 })
  expect((await third.page.chats.get({ chat })).all[0]?.timed).toBeNull()
})

test('rejects damaged and foreign exports without a change', async () => {
  await conversation(await clipAt(FILE, 'blue-square-spins.mp4'))
  const { text } = await run.page.library.export({ format: 'library' })
  const file = JSON.parse(text)
  await using other = await RunService.make()
  for (const bad of [
    '',
    'no JSON',
    '[]',
    text.slice(0, -20),
    JSON.stringify({ ...file, version: 5 }),
    JSON.stringify({ ...file, events: [{ clip: file.clips[0].id, settings: {}, found: { segments: 1 }, created: 1 }] }),
    JSON.stringify({ ...file, clips: [] }),
    JSON.stringify({ ...file, chats: [{ ...file.chats[0], id: '../../x' }] }),
    JSON.stringify({ ...file, chats: [{ ...file.chats[0], turns: [{ ...file.chats[0].turns[0], state: 'odd' }] }] }),
  ]) {
    await expect(other.page.library.import({ text: bad })).rejects.toMatchObject({
      data: { code: 'usage', message: expect.stringMatching(/not an exported Tarsier library .* Nothing was imported/) },
    })
  }
  expect((await other.page.library.search({})).total).toBe(0)
})

test('the report contains errors and no personal data', async () => {
  const path = await clipAt(FILE, 'pink-square-down-then-disappears.mp4')
  const { chat } = await conversation(path)
  await rename(path, `${path}.away`)
  await expect(all(run.page.chats.regenerate({ chat }))).rejects.toMatchObject({ data: { code: 'file-missing' } })
  const { name, text } = await run.page.system.report()
  expect(name).toBe('tarsier-report.txt')
  expect(text).toContain('file-missing')
  expect(text).toContain('"home": "<data>"')
  for (const own of [run.home, homedir(), userInfo().username, FOLDER, 'geheim', 'zebra', 'pink square']) expect(text).not.toContain(own)
})

test('a moved clip is shown as missing until it is located', async () => {
  const path = await clipAt(FILE, 'red-circle-right-then-grows.mp4')
  const { chat, handle } = await conversation(path)
  const moved = join(run.home, 'elsewhere.mp4')
  await rename(path, moved)
  expect((await run.page.chats.get({ chat })).metadata).toMatchObject({ present: false })
  expect((await run.page.library.search({})).items).toMatchObject([{ clip: { handle, present: false } }])
  // The user locates it: the same content is the same clip, with its former handle.
  const file = await run.open(moved)
  expect(await run.page.clips.locate({ handle, file })).toMatchObject({ handle, present: true })
  const { turn } = await finishedTurn(run.page.chats.ask({ chat, text: 'What color is it?' }))
  expect(turn).toMatchObject({ index: 2, state: 'done' })
  expect(turn.text).toMatch(/red/i)
})

test('another file replaces a clip only with force, and takes the conversations about both', async () => {
  const path = await clipAt(FILE, 'red-circle-right-then-grows.mp4')
  const { chat, handle } = await conversation(path)
  await rename(path, join(run.home, 'away.mp4'))
  const cut = await conversation(await clipAt('neu geschnitten.mp4', 'blue-square-spins.mp4'))
  await expect(run.page.clips.locate({ handle, file: cut.handle })).rejects.toMatchObject({
    data: { code: 'usage', message: expect.stringMatching(/neu geschnitten\.mp4 is not the same file as geheim\.mp4/) },
  })
  expect(existsSync(path)).toBe(false)
  expect(await run.page.clips.locate({ handle, file: cut.handle, force: true })).toMatchObject({ handle, present: true })
  expect((await run.page.chats.get({ chat: cut.chat })).clip).toBe(handle)
  const { text } = await finishedTurn(run.page.chats.edit({ chat, turn: 0, text: 'Describe the video in detail.' }))
  expect(text).toMatch(/blue square/i)
})

test('the removal of a conversation leaves other clips alone that nothing refers to yet', async () => {
  const { chat, handle } = await conversation(await clipAt(FILE, 'red-circle-right-then-grows.mp4'))
  const [waiting, drafted] = [
    await run.open(await clipAt('waiting.mp4', 'blue-square-spins.mp4')),
    await run.open(example('green-triangle-up-yellow-star-down.mp4')),
  ]
  const { id: draft } = await run.page.chats.create({ handle: drafted })
  expect(await run.page.library.remove({ chats: [chat] })).toEqual({ removed: 1 })
  await expect(run.page.clips.get({ handle })).rejects.toMatchObject({ data: { code: 'nothing-found' } })
  expect(await run.page.clips.get({ handle: waiting })).toMatchObject({ present: true })
  expect(await run.page.chats.get({ chat: draft })).toMatchObject({ clip: drafted })
})
