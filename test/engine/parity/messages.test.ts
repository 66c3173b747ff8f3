import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import type { EngineOptions, Message, MessagePart } from '../../../src/engine/engine-client.ts'
import { type LoadedModel, loadModel } from '../../../src/engine/loaded-model.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { traceMessages } from '../../../src/engine/trace.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { largestDifference } from '../../helpers/parity.ts'
import { readTensors } from '../../helpers/safetensors-file.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

/** Whole conversations compared with transformers (tools/reference/messages_fixture.py). */
const fixtures = new URL('../../fixtures/parity/', import.meta.url)
const signal = new AbortController().signal

interface Expected {
  readonly messages: readonly {
    readonly role: Message['role']
    readonly content: readonly { readonly text?: string; readonly image?: string; readonly video?: string; readonly frames?: number }[]
  }[]
  readonly clips: readonly { readonly indices: readonly number[]; readonly grid: readonly number[] }[]
  readonly tokens: readonly number[]
  readonly generated: readonly number[]
  readonly text: string
}

let home: ScratchFolder
let options: EngineOptions
let model: LoadedModel
beforeAll(async () => {
  home = await ScratchFolder.make()
  const made = { name: 'tiny', language: 'f32', vision: 'f32', home: home.directory, signal } as const
  await importCheckpoint(checkpointPath('tied-heads-of-16'), made)
  options = { model: 'tiny', device: 'cpu', home: home.directory, cache: false }
  model = await loadModel(options, signal)
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await home[Symbol.asyncDispose]()
})

function partOf({ text, image, video, frames = 1 }: Expected['messages'][number]['content'][number]): MessagePart {
  if (text !== undefined) return { kind: 'text', text }
  const path = fileURLToPath(new URL(image ? `pictures/${image}` : `clips/${video}`, fixtures))
  return { kind: 'clip', clip: { path, frames: { kind: 'uniform', count: frames } } }
}

describe.each(['pictures-in-a-message', 'pictures-over-turns', 'pictures-beside-a-clip'])('%s', (name) => {
  const wanted: Expected = JSON.parse(readFileSync(new URL(`expected/${name}.json`, fixtures), 'utf8'))
  const tensors = readTensors(readFileSync(new URL(`expected/${name}.safetensors`, fixtures)))
  const messages = wanted.messages.map(({ role, content }) => ({ role, content: content.map(partOf) }))
  const maxTokens = wanted.generated.length

  test('equals the reference: tokens, clip places, positions, rows, logits and the answer', async () => {
    const traced = await traceMessages(model, { messages, maxTokens }, signal)
    expect(traced.tokens).toEqual(wanted.tokens)
    expect(
      traced.clips.map(({ slices, shape }) => ({
        indices: slices.flatMap(({ frames }) => frames.map(({ index }) => index)),
        grid: [slices.length, ...shape.grid],
      })),
    ).toEqual(wanted.clips.map(({ indices, grid: [t, h = 0, w = 0] }) => ({ indices, grid: [t, h / 2, w / 2] })))
    expect(Buffer.compare(Buffer.from(traced.positions.buffer), tensors.bytes('positions'))).toBe(0)
    const rows = traced.clips.flatMap(({ slices }) => slices.map((slice) => slice.rows))
    const embeddings = Float32Array.from(rows.flatMap((values) => [...values]))
    expect(largestDifference(embeddings, tensors.floats('embeddings'))).toBeLessThan(1e-4)
    expect(largestDifference(traced.logits, tensors.floats('logits'))).toBeLessThan(1e-2)
    expect(traced.generated.tokens).toEqual(wanted.generated)
  })

  test('a conversation gives the same answer', async () => {
    await using engine = new Engine(options)
    const sampling = samplingSchema.parse({ maxTokens })
    for await (const event of engine.answer('talk', { kind: 'chat', messages, sampling }, signal)) {
      if (event.kind !== 'done') continue
      expect(event.answer.text).toBe(wanted.text)
      expect(event.answer.tokens).toMatchObject({
        visual: wanted.tokens.filter((token) => token === -1).length,
        prompt: wanted.tokens.filter((token) => token !== -1).length,
      })
    }
    expect.assertions(2)
  })
})
