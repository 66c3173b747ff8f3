import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PastTurn } from '../../../src/engine/engine-client.ts'
import { ask, run, TinyEngines } from './tiny-engine.ts'

let tiny: TinyEngines
beforeAll(async () => {
  tiny = await TinyEngines.make()
})
afterAll(() => tiny[Symbol.asyncDispose]())

const first = 'What is this?'
const second = 'Which colour?'

function asking(text: string, history: readonly PastTurn[]) {
  return { ...ask(text), history }
}

test('a history that the conversation holds costs nothing: clip and answers stay as they were computed', async () => {
  const engine = tiny.start()
  const clip = tiny.clip('a.mp4')
  const one = await run(engine, ask(first, clip))
  const remembered = await run(engine, ask(second))
  const again = await run(engine, asking(second, [{ text: first, clip, answer: one.answer.text }]))
  expect(again.answer.text).toBe(remembered.answer.text)
  expect(again.answer.tokens.evaluated).toBe(1)
})

test('a conversation is taken up where another engine left it', async () => {
  const clip = tiny.clip('b.mkv')
  const before = tiny.start()
  const one = await run(before, ask(first, clip))
  const two = await run(before, ask(second))
  const after = tiny.start()
  const taken = await run(after, asking(second, [{ text: first, clip, answer: one.answer.text }]))
  expect(taken.answer.tokens.visual).toBe(two.answer.tokens.visual)
  // A random model's answers are no words: made from text again they are other tokens, so only those before them can be compared.
  expect(taken.answer.frames).toEqual(two.answer.frames)
  const follow = await run(after, ask('And then?'))
  expect(follow.answer.tokens.evaluated).toBeLessThan(taken.answer.tokens.evaluated / 2)
})

test('another question for the same clip keeps its rows, other frames are looked at anew', async () => {
  const engine = tiny.start()
  const clip = tiny.clip('a.mp4')
  await run(engine, ask(first, clip))
  const edited = await run(engine, { ...ask(second, clip), history: [] })
  expect(edited.answer.tokens.evaluated).toBeLessThan(edited.answer.tokens.visual)
  const fewer = await run(engine, { ...ask(second, tiny.clip('a.mp4', 2)), history: [] })
  expect(fewer.answer.frames).toHaveLength(2)
  expect(fewer.events.filter(({ kind }) => kind === 'frame')).toHaveLength(2)
  const fresh = await run(tiny.start(), ask(second, tiny.clip('a.mp4', 2)))
  expect(fewer.answer.text).toBe(fresh.answer.text)
})

test('a history with a clip that is gone fails and leaves the conversation as it was', async () => {
  const engine = tiny.start()
  const one = await run(engine, ask(first, tiny.clip('a.mp4')))
  const gone = { ...tiny.clip('gone.mp4') }
  await expect(run(engine, asking(second, [{ text: first, clip: gone, answer: 'x' }]))).rejects.toMatchObject({ code: 'file-missing' })
  expect((await run(engine, { kind: 'regenerate', sampling: ask(first).sampling })).answer.text).toBe(one.answer.text)
})
