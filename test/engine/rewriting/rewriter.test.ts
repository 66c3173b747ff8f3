import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import { rewriterFor } from '../../../src/engine/rewriting/rewriter.ts'
import { textModelsFolder } from '../../../src/engine/rewriting/text-models.ts'
import type { Answer, EngineEvent } from '../../../src/shared/engine-events.ts'
import { captionShapeSchema } from '../../../src/shared/shaping/caption-shape.ts'
import { shapedEvents } from '../../../src/shared/shaping/shaped-answer.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { TinyEngines, testSampling } from '../conversation/tiny-engine.ts'
import { example } from '../service/run-service.ts'

// A complete GGUF with a tokenizer and a chat template. Its texts are nonsense, but a grammar decides what it can write.
const TEXT_MODEL = fileURLToPath(new URL('../../../resources/models/demo/language.gguf', import.meta.url))
const never = new AbortController().signal

let folder: ScratchFolder
let engine: Engine
beforeAll(async () => {
  folder = await ScratchFolder.make()
  await mkdir(textModelsFolder(folder.directory))
  await copyFile(TEXT_MODEL, join(textModelsFolder(folder.directory), 'small.gguf'))
  engine = new Engine({ model: 'demo', device: 'cpu', home: folder.directory, cache: false })
})
afterAll(async () => {
  await engine[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

async function described(rules: object, textModel?: string): Promise<{ answer: Answer; events: EngineEvent[] }> {
  const clip = { path: example('red-circle-right-then-grows.mp4'), frames: { kind: 'uniform', count: 8 } } as const
  const conversation = 'captions'
  const rewriter = rewriterFor({ engine, home: folder.directory, textModel, conversation, turn: { kind: 'regenerate' }, signal: never })
  const answered = engine.answer(conversation, { kind: 'ask', clip, sampling: testSampling({ maxTokens: 64 }) }, never)
  const events: EngineEvent[] = []
  try {
    for await (const event of shapedEvents(answered, captionShapeSchema.parse(rules), rewriter)) events.push(event)
  } finally {
    await engine.close(conversation)
  }
  const last = events.at(-1)
  if (last?.kind !== 'done') throw new Error('an answer ends with done')
  return { answer: last.answer, events }
}

const stages = (events: readonly EngineEvent[]) => events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []))

describe('captions rewritten by a text model', () => {
  test('have the fields of a schema, each held against the clip by itself', async () => {
    const schema = {
      type: 'object',
      properties: {
        wrong: { const: 'a green triangle moves up' },
        subject: { enum: ['a red circle moves right and then grows'] },
        count: { type: 'integer', minimum: 1, maximum: 1 },
        style: { type: 'array', items: { const: '' }, minItems: 1, maxItems: 1 },
      },
      required: ['wrong', 'subject', 'count', 'style'],
    }
    const { answer, events } = await described({ name: 'mine', rewrite: { kind: 'fields', model: 'small', schema } })
    expect(answer.text).toMatch(/^A red circle moves right and then grows\./)
    const fields = { wrong: 'a green triangle moves up', subject: 'a red circle moves right and then grows', count: 1, style: [''] }
    expect(answer.shaped).toMatchObject({
      shape: 'mine',
      text: JSON.stringify(fields),
      words: 13,
      rewritten: { model: 'small.gguf', fields },
    })
    const [wrong, subject, ...more] = answer.shaped?.rewritten?.checked ?? []
    expect(more).toEqual([])
    expect(wrong).toMatchObject({ field: 'wrong', text: fields.wrong })
    expect(wrong?.support).toBeLessThan(0.2)
    expect(subject).toMatchObject({ field: 'subject', text: fields.subject })
    expect(subject?.support).toBeGreaterThan(0.8)
    expect(answer.shaped?.notices).toEqual([expect.stringMatching(/contradicts.*“a green triangle moves up”\.$/)])
    expect(stages(events).slice(-3)).toEqual(['writing', 'rewriting', 'checking'])
  })

  test('get the rules of their shape after the text model has written them', async () => {
    const rewrite = { kind: 'shorter', words: 3, maxTokens: 200 }
    const { answer } = await described({ prefix: 'sks,', rewrite }, TEXT_MODEL)
    const { text, rewritten } = answer.shaped ?? {}
    expect(rewritten).toMatchObject({ kind: 'shorter', model: 'language.gguf' })
    expect(rewritten?.text).not.toBe(answer.text)
    expect(text?.startsWith('sks, ')).toBe(true)
    expect(rewritten?.checked.map((part) => part.text).join(' ')).toBe(text?.slice('sks, '.length))
    for (const { field, support } of rewritten?.checked ?? []) {
      expect(field).toBeNull()
      expect(support).toBeGreaterThanOrEqual(0)
    }
    // The same request gives the same text.
    expect((await described({ prefix: 'sks,', rewrite }, TEXT_MODEL)).answer.shaped).toEqual(answer.shaped)
  })

  test('can be written by the model itself, unless it only describes clips', async () => {
    await expect(described({ rewrite: { kind: 'shorter' } })).rejects.toMatchObject({ code: 'rewriter-missing' })
    await using tiny = await TinyEngines.make()
    const other = tiny.start()
    const grammar = 'root ::= "A video."'
    expect(await other.write({ prompt: 'Shorten it.', grammar, maxTokens: 64 }, never)).toEqual({
      text: 'A video.',
      finished: true,
      model: 'tiny',
    })
  })

  test('say why there are none', async () => {
    const unfinished = {
      kind: 'fields',
      schema: { type: 'object', properties: { text: { type: 'string', minLength: 500 } }, required: ['text'] },
    }
    await expect(described({ rewrite: { ...unfinished, maxTokens: 8 } }, TEXT_MODEL)).rejects.toMatchObject({
      code: 'rewrite-unfinished',
      message: expect.stringContaining('8 tokens'),
    })
    await expect(described({ rewrite: { kind: 'shorter', model: 'large' } })).rejects.toMatchObject({
      code: 'rewriter-missing',
      message: expect.stringMatching(/"large".*small\.gguf/s),
    })
    await expect(described({ rewrite: { kind: 'shorter' } }, folder.path('none.gguf'))).rejects.toMatchObject({ code: 'rewriter-missing' })
    for (const schema of [
      { type: 'string' },
      { type: 'object', properties: { list: { type: 'array', uniqueItems: true } } },
      { type: 'object', allOf: [1] },
    ])
      await expect(described({ rewrite: { kind: 'fields', schema } }, TEXT_MODEL)).rejects.toMatchObject({ code: 'schema-unsupported' })
  })
})
