import { afterAll, beforeAll, expect, test } from 'vitest'
import { assistantMessage, type Message, userMessage } from '../../../src/engine/engine-client.ts'
import { ask, chat, run, TinyEngines } from './tiny-engine.ts'

let tiny: TinyEngines
beforeAll(async () => {
  tiny = await TinyEngines.make()
})
afterAll(() => tiny[Symbol.asyncDispose]())

const first = 'What is this?'
const second = 'Which colour?'

test('uses the history of the request and reuses what the context contains of it', async () => {
  const engine = tiny.start()
  const clip = tiny.clip('a.mp4')
  const one = await run(engine, ask(first, clip))
  const remembered = await run(engine, ask(second))
  const again = await run(engine, chat(userMessage(first, clip), assistantMessage(one.answer.text), userMessage(second)))
  expect(again.answer.text).toBe(remembered.answer.text)
  // Only the model's turn.
  expect(again.answer.tokens.evaluated).toBeLessThan(remembered.answer.tokens.evaluated)
  const other = await run(engine, chat(userMessage(first, clip), assistantMessage('A dog.'), userMessage(second)))
  const fresh = await run(tiny.start(), chat(userMessage(first, clip), assistantMessage('A dog.'), userMessage(second)))
  expect(other.answer.text).toBe(fresh.answer.text)
  expect(other.events.some(({ kind }) => kind === 'frame')).toBe(false)
})

test('continues a conversation of another engine', async () => {
  const clip = tiny.clip('b.mkv')
  const before = tiny.start()
  const one = await run(before, ask(first, clip))
  const two = await run(before, ask(second))
  const after = tiny.start()
  const taken = await run(after, chat(userMessage(first, clip), assistantMessage(one.answer.text), userMessage(second)))
  expect(taken.answer.tokens.visual).toBe(two.answer.tokens.visual)
  expect(taken.answer.frames).toEqual(two.answer.frames)
  expect(taken.answer.text).toBe(two.answer.text)
  const follow = await run(after, ask('And then?'))
  expect(follow.answer.tokens.evaluated).toBeLessThan(taken.answer.tokens.evaluated / 2)
})

test('another question about the same clip reuses its rows, other frames are encoded again', async () => {
  const engine = tiny.start()
  const clip = tiny.clip('a.mp4')
  await run(engine, ask(first, clip))
  const edited = await run(engine, chat(userMessage(second, clip)))
  expect(edited.answer.tokens.evaluated).toBeLessThan(edited.answer.tokens.visual)
  const fewer = await run(engine, chat(userMessage(second, tiny.clip('a.mp4', 2))))
  expect(fewer.answer.frames).toHaveLength(2)
  expect(fewer.events.filter(({ kind }) => kind === 'frame')).toHaveLength(2)
  const fresh = await run(tiny.start(), ask(second, tiny.clip('a.mp4', 2)))
  expect(fewer.answer.text).toBe(fresh.answer.text)
})

test('a history with a missing clip fails and leaves the conversation unchanged', async () => {
  const engine = tiny.start()
  const one = await run(engine, ask(first, tiny.clip('a.mp4')))
  const gone = { ...tiny.clip('gone.mp4') }
  const history: readonly Message[] = [userMessage(first, gone), assistantMessage('x')]
  await expect(run(engine, chat(...history, userMessage(second)))).rejects.toMatchObject({ code: 'file-missing' })
  expect((await run(engine, { kind: 'regenerate', sampling: ask(first).sampling })).answer.text).toBe(one.answer.text)
})
