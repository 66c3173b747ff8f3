import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chunkSchema, completionSchema } from '../../../src/serve/openai/response.ts'
import { example } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

let run: RunServer
let clip: string
beforeAll(async () => {
  run = await RunServer.make()
  clip = `data:video/mp4;base64,${(await readFile(example('red-circle-right-then-grows.mp4'))).toString('base64')}`
})
afterAll(() => run[Symbol.asyncDispose]())

const ask = (shape: unknown, more: object = {}) =>
  run.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'demo',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'video_url', video_url: clip },
            { type: 'text', text: 'Describe the video in detail.' },
          ],
        },
      ],
      tarsier: { shape },
      ...more,
    }),
  })

test('a shaped answer is the caption, with the own text beside it, also as a stream', async () => {
  const { choices, tarsier } = completionSchema.parse(await (await ask({ name: 'mine', maxSentences: 1, prefix: 'sks' })).json())
  expect(choices[0]?.message.content).toMatch(/^sks A red circle [^.]*\.$/)
  expect(tarsier).toMatchObject({
    text: expect.stringMatching(/^A red circle .*\. The background is .*\.$/),
    shaped: { shape: 'mine', text: choices[0]?.message.content, leftOut: 1, unmet: [] },
  })

  const streamed = await (await ask('one-sentence', { stream: true })).text()
  const chunks = streamed.split('\n').flatMap((line) => (line.startsWith('data: {') ? [chunkSchema.parse(JSON.parse(line.slice(6)))] : []))
  const texts = chunks.flatMap((chunk) => chunk.choices[0]?.delta.content || [])
  expect(texts).toEqual([expect.stringMatching(/^A red circle [^.]*\.$/)])
  expect(chunks.at(-1)?.tarsier).toMatchObject({ text: tarsier?.text, shaped: { shape: 'one-sentence', text: texts[0] } })
})

test('refuses what is no shape, and log probabilities of one', async () => {
  const refusal = async (response: Promise<Response>) => ((await (await response).json()) as { readonly error: unknown }).error
  expect(await refusal(ask({ maxWord: 3 }))).toMatchObject({ param: 'tarsier.shape' })
  expect(await refusal(ask('longish'))).toMatchObject({ param: 'tarsier.shape' })
  expect(await refusal(ask('one-line', { logprobs: true }))).toMatchObject({ param: 'logprobs' })
})
