import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FindEventsEvent, StoredEvents, TimeAnswerEvent } from '../../../src/shared/contract/events.ts'
import { writeShotClip } from '../../helpers/shot-clip.ts'
import { all, example, finishedTurn, RunService } from './run-service.ts'

const CLIP = 'red-circle-right-then-grows.mp4'
const settings = { frames: { kind: 'uniform', count: 8 }, sampling: { maxTokens: 40 }, precision: 60 } as const
let run: RunService
let film: string
beforeAll(async () => {
  run = await RunService.make()
  film = join(run.home, 'film.mp4')
  await writeShotClip(film, [60, 75, 60], 5)
})
afterAll(() => run[Symbol.asyncDispose]())

function savedOf(events: readonly FindEventsEvent[]): StoredEvents {
  const last = events.at(-1)
  if (last?.kind !== 'saved') throw new Error('a search ends with the events that were saved')
  return last.stored
}

async function timed(events: Promise<AsyncIterable<TimeAnswerEvent>>) {
  const list = await all(events)
  const last = list.at(-1)
  if (last?.kind !== 'saved') throw new Error('timing ends with the turn that was saved')
  return { turn: last.turn, events: list }
}

test('finds the events of a clip segment by segment, stores, exports and removes them', async () => {
  const handle = await run.open(film)
  expect(await run.page.events.get({ handle })).toBeNull()
  await expect(run.page.events.export({ handle, format: 'srt' })).rejects.toMatchObject({ data: { code: 'nothing-found' } })
  const events = await all(run.page.events.find({ handle, settings }))
  const stored = savedOf(events)
  const segments = events.filter((event) => event.kind === 'segment')
  expect(segments.map(({ segment }) => segment)).toEqual(stored.found.segments)
  expect(segments.flatMap((event) => event.events)).toEqual(stored.found.events)
  expect(events.filter(({ kind }) => kind === 'shots').length).toBeGreaterThan(0)
  expect(stored).toMatchObject({ clip: handle, settings: { model: 'demo', frames: settings.frames, segmentSeconds: 16, scenes: true } })
  expect(stored.found.events.length).toBeGreaterThan(2)

  await run.restart()
  expect(await run.page.events.get({ handle })).toEqual(stored)
  const { name, mediaType, text } = await run.page.events.export({ handle, format: 'srt' })
  expect({ name, mediaType }).toEqual({ name: 'film.srt', mediaType: 'application/x-subrip' })
  expect(text.match(/-->/g)).toHaveLength(stored.found.events.filter(({ start }) => start !== null).length)
  const [first] = stored.found.events
  const chosen = await run.page.events.export({ handle, format: 'csv', events: first ? [first] : [] })
  expect(chosen.text).toContain(first?.text)
  await expect(run.page.events.export({ handle, format: 'chapters' })).rejects.toMatchObject({ data: { code: 'format-unsuitable' } })
  await run.page.events.remove({ handle })
  expect(await run.page.events.get({ handle })).toBeNull()
})

test('a search that the user leaves keeps its finished segments, and another run has its turn in between', async () => {
  const handle = await run.open(film)
  for await (const event of await run.page.events.find({ handle, settings })) if (event.kind === 'segment') break
  expect(await run.page.events.get({ handle })).toBeNull()
  const { handle: other } = await run.page.clips.openExample({ name: CLIP })
  const chat = (await run.page.chats.create({ handle: other })).id

  const order: string[] = []
  let asked: Promise<unknown> | null = null
  let shown = 0
  for await (const event of await run.page.events.find({ handle, settings })) {
    if (event.kind === 'segment') order.push('segment')
    if (event.kind === 'stage' && event.stage === 'writing') {
      shown += 1
      // While the second segment is described, another page asks a question.
      asked ??= finishedTurn(run.as('another').chats.ask({ chat })).then(() => order.push('answer'))
      await expect(all(run.page.events.find({ handle, settings }))).rejects.toMatchObject({ data: { code: 'usage' } })
    }
  }
  await asked
  // The first segment was not described again, and the answer did not wait for the last one.
  expect(shown).toBe(2)
  expect(order).toEqual(['segment', 'segment', 'answer', 'segment'])
})

test('an answer is timed without decoding its clip again; a new text has no times', async () => {
  const { handle } = await run.page.clips.openExample({ name: CLIP })
  const { id: chat } = await run.page.chats.create({ handle })
  const { turn } = await finishedTurn(run.page.chats.ask({ chat, settings: { frames: { kind: 'uniform', count: 16 } } }))
  expect(turn.timed).toBeNull()
  const first = await timed(run.page.events.time({ chat, turn: 0 }))
  expect(first.turn.timed).toMatchObject({ text: turn.text, clauses: [{ text: 'A red circle moves right', begins: 0 }, {}, {}] })
  expect(first.events.filter(({ kind }) => kind === 'frame')).toEqual([])
  expect(first.events.filter(({ kind }) => kind === 'scored')).toHaveLength(16)

  // Its subtitles are then its clauses, as sentences.
  const subtitles = await run.page.library.export({ chats: [chat], format: 'srt' })
  const known = first.turn.timed?.clauses.filter(({ begins }) => begins !== null) ?? []
  expect(known.length).toBeGreaterThan(1)
  expect(subtitles.text.match(/-->/g)).toHaveLength(known.length)
  expect(subtitles.text).toContain('\nA red circle moves right.\n')

  // A later answer is scored as the answer to its own question.
  const second = await finishedTurn(run.page.chats.ask({ chat, text: 'What color is it?' }))
  const later = await timed(run.page.events.time({ chat, turn: 1 }))
  expect(later.turn).toMatchObject({ index: 1, timed: { text: second.text } })
  expect(later.events.filter(({ kind }) => kind === 'frame')).toEqual([])
  for (const { words } of later.turn.timed?.sentences ?? []) for (const { support } of words) expect(support).toBeGreaterThan(0.3)
  const again = await finishedTurn(run.page.chats.ask({ chat, text: 'What shape is it?' }))
  expect(again.turn.answer?.frames).toHaveLength(16)

  await run.restart()
  const after = await run.page.chats.get({ chat })
  expect(after.all.map((each) => each.timed?.text ?? null)).toEqual([turn.text, second.text, null])
  expect((await timed(run.page.events.time({ chat, turn: 0 }))).turn.timed?.clauses).toEqual(first.turn.timed?.clauses)
  const retold = await finishedTurn(run.page.chats.edit({ chat, turn: 0, text: 'What shape is it?' }))
  expect(retold.turn.timed).toBeNull()
})

test('there is no answer to time before it is complete', async () => {
  const { handle } = await run.page.clips.openExample({ name: CLIP })
  const { id: chat } = await run.page.chats.create({ handle })
  await expect(all(run.page.events.time({ chat, turn: 0 }))).rejects.toMatchObject({ data: { code: 'usage' } })
  let refused: unknown
  for await (const event of await run.page.chats.ask({ chat }))
    if (event.kind === 'stage' && event.stage === 'writing')
      refused = await all(run.page.events.time({ chat, turn: 0 })).catch((error: unknown) => error)
  expect(refused).toMatchObject({ data: { code: 'usage', message: expect.stringMatching(/already being generated/) } })
})

test('a text is checked against the clip, word by word', async () => {
  const { handle } = await run.page.clips.openExample({ name: CLIP })
  const check = async (text: string) => {
    const last = (await all(run.page.events.check({ handle, text }))).at(-1)
    return last?.kind === 'checked' ? last.timed.sentences[0] : undefined
  }
  const right = await check('A red circle moves right.')
  const wrong = await check('A blue circle moves right.')
  const supportOf = (sentence: typeof right, word: string) => sentence?.words.find(({ text }) => text === word)?.support ?? Number.NaN
  expect(supportOf(right, 'red')).toBeGreaterThan(supportOf(wrong, 'blue') + 0.3)
  expect(run.service.runs.running).toBeNull()
})

test('a clip that only a running search needs is not removed with its conversation', async () => {
  const path = join(run.home, 'alone.mp4')
  await copyFile(film, path)
  const { appendFile } = await import('node:fs/promises')
  await appendFile(path, 'x')
  const handle = await run.open(path)
  const { id: chat } = await run.page.chats.create({ handle })
  await finishedTurn(run.page.chats.ask({ chat }))
  let removed = 0
  for await (const event of await run.page.events.find({ handle, settings })) {
    if (event.kind === 'segment' && removed === 0) removed = (await run.page.library.remove({ chats: [chat] })).removed
  }
  expect(removed).toBe(1)
  expect((await run.page.events.get({ handle }))?.clip).toBe(handle)
})

test('the cost of a search grows with its segments and its precision', async () => {
  const long = await run.open(film)
  const short = await run.open(example(CLIP))
  const cost = (handle: string, more = {}) => run.page.events.cost({ handle, settings: { ...settings, ...more } })
  const [one, four] = [await cost(long), await cost(long, { segmentSeconds: 2 })]
  expect(one.segments).toBe(1)
  expect(four.segments).toBeGreaterThan(4)
  expect(four.seconds).toBeGreaterThan(one.seconds ?? Number.NaN)
  expect((await cost(long, { text: 'A circle.', segmentSeconds: 2 })).segments).toBe(1)
  expect((await cost(long, { precision: 0.05 })).seconds).toBeGreaterThan(one.seconds ?? Number.NaN)
  expect((await cost(short)).seconds).toBeGreaterThan(0)
})
