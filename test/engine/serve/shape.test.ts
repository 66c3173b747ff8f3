import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { textModelsFolder } from '../../../src/engine/rewriting/text-models.ts'
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

test('an answer can be rewritten by a text model of this machine, with the support of each part, and no file outside its folder', async () => {
  await mkdir(textModelsFolder(run.home))
  await copyFile('resources/models/demo/language.gguf', join(textModelsFolder(run.home), 'small.gguf'))
  const schema = { type: 'object', properties: { subject: { const: 'a red circle moves right' } }, required: ['subject'] }
  const { choices, tarsier } = completionSchema.parse(await (await ask({ rewrite: { kind: 'fields', model: 'small', schema } })).json())
  expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual({ subject: 'a red circle moves right' })
  expect(tarsier).toMatchObject({
    text: expect.stringMatching(/^A red circle /),
    shaped: { rewritten: { kind: 'fields', model: 'small.gguf', checked: [{ field: 'subject', support: expect.any(Number) }] } },
  })

  const refusal = async (rewrite: object) => ((await (await ask({ rewrite })).json()) as { readonly error: unknown }).error
  expect(await refusal({ kind: 'shorter', model: '/etc/passwd' })).toMatchObject({ param: expect.stringContaining('tarsier.shape') })
  expect(await refusal({ kind: 'shorter', model: '../small' })).toMatchObject({ param: expect.stringContaining('tarsier.shape') })
  expect(await refusal({ kind: 'shorter', model: 'large' })).toMatchObject({ code: 'rewriter-missing' })
  expect(await refusal({ kind: 'fields', schema: { type: 'object', not: {} } })).toMatchObject({ code: 'schema-unsupported' })
})
