import { copyFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../../src/engine/engine.ts'
import { assistantMessage, type Message, type TurnRequest, userMessage } from '../../../src/engine/engine-client.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { ask, never, type Run, run, TinyEngines, testSampling } from './tiny-engine.ts'

/**
 * An answer must not depend on earlier requests. The answers of a random model are not words, so tokenizing them again gives other tokens;
 * and with eight bits its logits differ by up to 0.16 when the same tokens are evaluated in other batch sizes.
 */
let tiny: TinyEngines
beforeAll(async () => {
  tiny = await TinyEngines.make()
  const options = { name: 'q8', language: 'q8_0', vision: 'f32', home: tiny.home, signal: never } as const
  await importCheckpoint(checkpointPath('tied-heads-of-16'), options)
})
afterAll(() => tiny[Symbol.asyncDispose]())

const sampling = testSampling({ maxTokens: 32, logprobs: 3 })
const chat = (...messages: readonly Message[]): TurnRequest => ({ kind: 'chat', messages, sampling })

/** The tokens of an answer with their probabilities, bit for bit. */
const tokenProbabilities = ({ events }: Run) => events.flatMap((event) => (event.kind === 'delta' ? [event.logprobs] : []))

/** The same from a new engine. */
async function cold(turn: TurnRequest) {
  await using engine = tiny.start({ model: 'q8' })
  return tokenProbabilities(await run(engine, turn))
}

const picture = () => tiny.clip('b.mkv', 1)
const opening = () => userMessage('What is this?', tiny.clip('a.mp4'))

test('gives the same answer after earlier turns of the conversation', async () => {
  await using engine = tiny.start({ model: 'q8' })
  const history: Message[] = [opening()]
  for (const question of ['Which colour?', 'How many are there, and where do they go?', 'Why?']) {
    const result = await run(engine, chat(...history))
    const { answer, events } = result
    expect(tokenProbabilities(result)).toEqual(await cold(chat(...history)))
    expect(answer.text).not.toBe('')
    expect(events.some(({ kind }) => kind === 'frame')).toBe(history.length === 1)
    history.push(assistantMessage(answer.text), userMessage(question))
  }
})

test('gives the same answer after requests with a common prefix, in any order', async () => {
  const mixed: Message = {
    role: 'user',
    content: [
      { kind: 'text', text: 'Compare ' },
      { kind: 'clip', clip: tiny.clip('a.mp4') },
      { kind: 'text', text: ' with ' },
      { kind: 'clip', clip: picture() },
      { kind: 'clip', clip: picture() },
    ],
  }
  const turns = [
    chat(opening()),
    chat(opening(), assistantMessage('A man walks in.'), userMessage('Why?')),
    chat(opening(), assistantMessage('A man walks in. He picks up a cup.'), userMessage('Why?')),
    chat({ role: 'system', content: [{ kind: 'text', text: 'You are brief.' }] }, opening()),
    chat(mixed),
    chat(mixed, assistantMessage('They are alike.'), userMessage('What is this? '.repeat(200))),
    chat(userMessage('What is this? '.repeat(200))),
    chat(userMessage(`${'What is this? '.repeat(40)}Why?`)),
    chat(userMessage(`${'What is this? '.repeat(40)}Who is it, and where do they go?`)),
    chat(userMessage(`${'What is this? '.repeat(40)}How many are there?`)),
  ]
  const wanted = []
  for (const turn of turns) wanted.push(await cold(turn))
  expect(new Set(wanted.map((result) => JSON.stringify(result))).size).toBe(turns.length)
  await using engine = tiny.start({ model: 'q8' })
  for (const i of [0, 1, 2, 1, 0, 5, 4, 5, 3, 6, 2, 2, 4, 7, 8, 9, 7, 0]) {
    const turn = turns[i] ?? chat()
    expect(tokenProbabilities(await run(engine, turn)), `request ${i}`).toEqual(wanted[i])
  }
})

test('gives the same answer in interleaved conversations and in a continued one', async () => {
  await using engine = tiny.start({ model: 'q8' })
  const first = await run(engine, { ...ask('What is this?', tiny.clip('a.mp4')), sampling }, 'own')
  await run(engine, chat(userMessage('And this?', picture())), 'other')
  const second = await run(engine, { ...ask('Why?'), sampling }, 'own')
  expect(tokenProbabilities(first)).toEqual(await cold(chat(opening())))
  expect(tokenProbabilities(second)).toEqual(await cold(chat(opening(), assistantMessage(first.answer.text), userMessage('Why?'))))
})

test('gives the same answer after a restart with a disk cache', async () => {
  const turn = chat(opening(), assistantMessage('A man walks in.'), userMessage('Why?'))
  const restarted = async (turns: readonly TurnRequest[]) => {
    await using engine: Engine = tiny.start({ model: 'q8', cache: true })
    const answers = []
    for (const one of turns) answers.push(await run(engine, one))
    return answers
  }
  const wanted = await cold(turn)
  const [, first] = await restarted([chat(opening()), turn])
  const [second] = await restarted([turn])
  expect([first, second].map((one) => one && tokenProbabilities(one))).toEqual([wanted, wanted])
  expect(second?.answer.cached).toBe('state')
})

test('encodes a file again after its content changed', async () => {
  const path = tiny.path('replaced.mkv')
  await copyFile(tiny.path('b.mkv'), path)
  await using engine = tiny.start({ model: 'q8' })
  const turn = chat(userMessage('What is this?', tiny.clip('replaced.mkv', 2)))
  const before = await run(engine, turn)
  await copyFile(tiny.path('a.mp4'), path)
  const after = await run(engine, turn)
  expect(tokenProbabilities(after)).toEqual(await cold(turn))
  expect(after.answer.text).not.toBe(before.answer.text)
  await writeFile(path, 'nothing')
  await expect(run(engine, turn)).rejects.toMatchObject({ code: 'not-media' })
})
