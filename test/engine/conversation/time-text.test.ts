import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import type { ClipRequest, EngineClient, TimeEvent, TimeRequest } from '../../../src/engine/engine-client.ts'
import { startEngineHost } from '../../../src/engine/host/host-client.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import type { TimedText } from '../../../src/shared/timed-text.ts'

const examples = new URL('../../../resources/examples/', import.meta.url)
const path = fileURLToPath(new URL('red-circle-right-then-grows.mp4', examples))
const clip: ClipRequest = { path, frames: { kind: 'uniform', count: 16 } }
const never = new AbortController().signal
const sampling = samplingSchema.parse({ maxTokens: 60 })
let home: string
let engine: Engine

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-time-text-'))
  engine = new Engine({ model: 'demo', device: 'cpu', home, cache: false })
})
afterAll(async () => {
  await engine[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

async function describeClip(client: EngineClient, conversation: string): Promise<string> {
  for await (const event of client.answer(conversation, { kind: 'ask', clip, sampling }, never))
    if (event.kind === 'done') return event.answer.text
  throw new Error('no answer')
}

async function time(client: EngineClient, conversation: string, request: TimeRequest): Promise<{ timed: TimedText; events: TimeEvent[] }> {
  const events: TimeEvent[] = []
  for await (const event of client.timeText(conversation, request, never)) events.push(event)
  const last = events.at(-1)
  if (last?.kind !== 'timed') throw new Error('no result')
  return { timed: last.timed, events }
}

test('times the clauses of a description without decoding or encoding its clip again', async () => {
  const text = await describeClip(engine, 'described')
  const { timed, events } = await time(engine, 'described', { turn: { kind: 'regenerate' } })
  expect(timed.text).toBe(text)
  expect(timed.clauses.map((clause) => clause.text)).toEqual(['A red circle moves right', 'and then grows.', 'The background is black.'])
  const [moves, grows] = timed.clauses
  expect(moves?.begins).toBe(0)
  // The clip is 4 seconds long, and the circle grows in its second half.
  expect(grows?.begins).toBeGreaterThan(1.2)
  expect(grows?.begins).toBeLessThan(3)
  expect(moves?.ends).toBe(grows?.begins)
  expect(events.filter(({ kind }) => kind === 'frame')).toEqual([])
  expect(events.filter(({ kind }) => kind === 'scored')).toHaveLength(16)
  // The scoring leaves the conversation unchanged.
  for await (const event of engine.answer('described', { kind: 'regenerate', sampling }, never))
    if (event.kind === 'done') expect(event.answer.text).toBe(text)
})

test('refines times with further frames', async () => {
  await describeClip(engine, 'refined')
  const { timed } = await time(engine, 'refined', { turn: { kind: 'regenerate' } })
  const { timed: refined } = await time(engine, 'refined', { turn: { kind: 'regenerate' }, precision: 0.05 })
  expect(refined.clauses[0]?.begins).toBe(0)
  // Within one of the model's frames of the time that they gave.
  expect(Math.abs((refined.clauses[1]?.begins ?? 0) - (timed.clauses[1]?.begins ?? 0))).toBeLessThan(0.3)
  expect(refined.timings.zoom).toBeGreaterThan(0)
})

test('refines times though the cache of clips cannot be written', async () => {
  const full = join(home, 'full')
  await mkdir(join(full, 'cache'), { recursive: true })
  await writeFile(join(full, 'cache', 'clips'), 'a file where the folder should be')
  await using cached = new Engine({ model: 'demo', device: 'cpu', home: full, cache: true })
  await describeClip(cached, 'refined')
  const { timed } = await time(cached, 'refined', { turn: { kind: 'regenerate' }, precision: 0.05 })
  expect(timed.timings.zoom).toBeGreaterThan(0)
})

test('supports what the clip shows, and least of a false text its false word', async () => {
  // A clip of a new question is used again for further texts.
  let turn: TimeRequest['turn'] = { kind: 'ask', clip }
  const support = async (text: string) => {
    const { sentences } = (await time(engine, 'checked', { turn, text })).timed
    turn = { kind: 'regenerate' }
    return sentences
  }
  const [shown] = await support('A red circle moves right and then grows.')
  expect(shown?.support).toBeGreaterThan(0.8)
  for (const [text, wrong] of [
    ['A green circle moves right and then grows.', 'green'],
    ['A red star moves right and then grows.', 'star'],
    ['A red circle moves right and then shrinks.', 'shrinks'],
  ] as const) {
    const [sentence] = await support(text)
    expect(sentence?.support).toBeLessThan(0.2)
    expect(sentence?.words.find((word) => word.support === sentence.support)?.text).toBe(wrong)
  }
})

test('gives the same through the engine process', async () => {
  const text = 'A red circle moves right and then grows.'
  const { timed: expected } = await time(engine, 'here', { turn: { kind: 'ask', clip }, text })
  await using host = startEngineHost({ model: 'demo', device: 'cpu', home, cache: false })
  const { timed } = await time(host, 'there', { turn: { kind: 'ask', clip }, text })
  expect({ ...timed, timings: null }).toEqual({ ...expected, timings: null })
})

test('gives a picture no times', async () => {
  const picture: ClipRequest = { path: fileURLToPath(new URL('../../fixtures/media/rgb.png', import.meta.url)), frames: clip.frames }
  const { timed } = await time(engine, 'picture', { turn: { kind: 'ask', clip: picture }, text: 'There is a red circle.' })
  expect(timed.clauses.map(({ begins, ends }) => [begins, ends])).toEqual([[null, null]])
  expect(timed.sentences[0]).toMatchObject({ begins: null, ends: null })
})

test('rejects texts and conversations that cannot be scored', async () => {
  await expect(time(engine, 'empty', { turn: { kind: 'ask', clip }, text: ' ' })).rejects.toMatchObject({ code: 'usage' })
  await expect(time(engine, 'none', { turn: { kind: 'ask', text: 'What?' }, text: 'Nothing.' })).rejects.toMatchObject({ code: 'usage' })
  await expect(time(engine, 'new', { turn: { kind: 'regenerate' } })).rejects.toMatchObject({ code: 'usage' })
  const long = 'A red circle moves right and then grows. '.repeat(1000)
  await expect(time(engine, 'long', { turn: { kind: 'ask', clip }, text: long })).rejects.toMatchObject({ code: 'context-full' })
})

test('stops at once when it is aborted', async () => {
  await describeClip(engine, 'aborted')
  const stop = new AbortController()
  const work = async () => {
    for await (const event of engine.timeText('aborted', { turn: { kind: 'regenerate' } }, stop.signal))
      if (event.kind === 'scored' && event.done === 3) stop.abort()
  }
  await expect(work()).rejects.toThrow(/abort/i)
  expect((await time(engine, 'aborted', { turn: { kind: 'regenerate' } })).timed.clauses).toHaveLength(3)
})

test('texts are scored, and times refined, in a context that has no room beside the description', async () => {
  await using tight = new Engine({ model: 'demo', device: 'cpu', home, cache: false, limits: { context: 240 } })
  const request = { turn: { kind: 'regenerate' }, precision: 0.05 } as const
  for (const client of [engine, tight]) await describeClip(client, 'tight')
  const [roomy, { timed }] = [await time(engine, 'tight', request), await time(tight, 'tight', request)]
  expect(timed.timings.zoom).toBeGreaterThan(0)
  expect(timed.clauses).toEqual(roomy.timed.clauses)
})
