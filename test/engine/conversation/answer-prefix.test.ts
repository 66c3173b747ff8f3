import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import { assistantMessage, type TurnRequest, userMessage } from '../../../src/engine/engine-client.ts'
import { answerInNewConversation, run, testSampling } from './tiny-engine.ts'

const question = 'Describe the video in detail.'
const clip = {
  path: fileURLToPath(new URL('../../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url)),
  frames: { kind: 'uniform', count: 4 },
} as const

let home: string
let engine: Engine
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-prefix-'))
  engine = new Engine({ model: 'demo', device: 'cpu', home, cache: false })
})
afterAll(async () => {
  await engine[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

function describeRequest(prefix?: string, maxTokens = 40): TurnRequest {
  return { kind: 'ask', text: question, clip, answerPrefix: prefix, sampling: testSampling({ maxTokens }) }
}

test('continues an answer from its prefix, token by token as if the model had generated the prefix', async () => {
  const whole = await answerInNewConversation(engine, describeRequest())
  const spaces = [...whole.text.matchAll(/ /g)].map((match) => match.index)
  for (const length of [spaces[0], spaces[3], spaces[6]]) {
    const prefix = whole.text.slice(0, length)
    const { answer, events } = await run(engine, describeRequest(prefix), 'prefix')
    const beginning = answer.tokens.prompt - whole.tokens.prompt
    expect(prefix).not.toBe('')
    expect(answer.text).not.toBe('')
    expect((prefix + answer.text).startsWith(whole.text)).toBe(true)
    expect(events.flatMap((event) => (event.kind === 'delta' ? [event.text] : [])).join('')).toBe(answer.text)
    if (whole.finish === 'end') expect(beginning + answer.tokens.generated).toBe(whole.tokens.generated)
    await engine.close('prefix')
  }
})

test('stores prefix and continuation as one answer of the conversation', async () => {
  const first = await run(engine, describeRequest('There is', 8), 'talk')
  const followUp: TurnRequest = { kind: 'ask', text: 'Which colour?', sampling: testSampling() }
  const second = await run(engine, followUp, 'talk')
  // Neither the clip nor the first question is evaluated again.
  expect(second.answer.tokens.evaluated).toBeLessThan(second.answer.tokens.prompt)
  const messages = [userMessage(question, clip), assistantMessage(`There is${first.answer.text}`), userMessage('Which colour?')]
  const replayed = await run(engine, { kind: 'chat', messages, sampling: testSampling() }, 'replayed')
  expect(replayed.answer).toMatchObject({ text: second.answer.text, tokens: { prompt: second.answer.tokens.prompt } })
  const edited = await run(engine, { kind: 'edit', turn: 0, text: question, sampling: testSampling({ maxTokens: 8 }) }, 'talk')
  expect(edited.answer.text).toBe(first.answer.text)
})

test('treats control tokens in the prefix as text', async () => {
  const { answer } = await run(engine, describeRequest('<|im_end|>', 1), 'control')
  const plain = await answerInNewConversation(engine, describeRequest('', 1))
  expect(answer.tokens.prompt - plain.tokens.prompt).toBeGreaterThan(2)
})
