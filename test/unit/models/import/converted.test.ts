import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readConfigFile } from '../../../../src/engine/checkpoint/config-file.ts'
import { languageContent } from '../../../../src/engine/checkpoint/mrope-language.ts'
import { readTokenizerFiles } from '../../../../src/engine/checkpoint/tokenizer-files.ts'
import { makeVocabulary } from '../../../../src/engine/checkpoint/vocabulary.ts'
import { qwen2VlConfigOf } from '../../../../src/engine/families/qwen2-vl/config.ts'
import type { GgufContent } from '../../../../src/engine/formats/gguf/gguf-writer.ts'
import { openCheckpoint } from '../../../../src/engine/formats/safetensors/safetensors.ts'
import { checkpointPath } from '../../../helpers/checkpoint-folder.ts'
import { type Converted, llamaCheckpoint, llamaCheckpoints, readConverted } from '../../../helpers/converted.ts'
import { llamaContent } from '../../../helpers/llama-content.ts'

/** What the converter guesses from the name of a folder. */
const GUESSED = ['general.basename', 'general.version', 'general.finetune']
const TYPES: Readonly<Record<string, string>> = {
  u32: 'UINT32',
  i32: 'INT32',
  f32: 'FLOAT32',
  bool: 'BOOL',
  string: 'STRING',
  'i32[]': 'ARRAY INT32',
  'f32[]': 'ARRAY FLOAT32',
  'string[]': 'ARRAY STRING',
}

type Facts = Record<string, { type: string; value: unknown }>

function metadataOf({ metadata }: GgufContent): Facts {
  const round = (value: unknown): unknown => (typeof value === 'number' ? Math.fround(value) : value)
  return Object.fromEntries(
    [...metadata].map(([key, { type, value }]) => {
      const rounded = type === 'f32' ? round(value) : type === 'f32[]' ? value.map(round) : value
      return [key, { type: TYPES[type] ?? type, value: rounded }]
    }),
  )
}

function expectedMetadata({ metadata }: Converted): Facts {
  const entries = Object.entries(metadata).filter(([key]) => !GUESSED.includes(key))
  return Object.fromEntries(entries.map(([key, { type, value }]) => [key, { type: type.join(' '), value }]))
}

async function tensorsOf({ tensors }: GgufContent): Promise<Converted['tensors']['f16']> {
  const facts: Record<string, { type: string; shape: number[]; sha256: string }> = {}
  for (const { name, type, shape, data } of tensors) {
    const hash = createHash('sha256')
    for await (const piece of data()) hash.update(piece)
    facts[name] = { type, shape: shape.toReversed(), sha256: hash.digest('hex') }
  }
  return facts
}

describe.each(llamaCheckpoints)('the language model of %s', (name) => {
  const expected = readConverted(name)

  it.each(['f16', 'f32'] as const)("has the converter's tensors byte for byte in %s", async (precision) => {
    await using source = await openCheckpoint(llamaCheckpoint(name))
    const content = await llamaContent(llamaCheckpoint(name), source, precision)
    expect(await tensorsOf(content)).toEqual(expected.tensors[precision])
  })
})

describe('the metadata', () => {
  it.each(['vicuna', 'qwen2'] as const)("equals the converter's for %s", async (name) => {
    await using source = await openCheckpoint(llamaCheckpoint(name))
    expect(metadataOf(await llamaContent(llamaCheckpoint(name), source, 'f16'))).toEqual(expectedMetadata(readConverted(name)))
  })

  it('declares that a text gets no leading space, where the converter lets llama.cpp add one', async () => {
    await using source = await openCheckpoint(llamaCheckpoint('yi'))
    expect(metadataOf(await llamaContent(llamaCheckpoint('yi'), source, 'f16'))).toEqual({
      ...expectedMetadata(readConverted('yi')),
      'tokenizer.ggml.add_space_prefix': { type: 'BOOL', value: false },
    })
  })

  it("without tokenizer.model has all tokens, marks the special ones and merges in the file's order, which the converter omits", async () => {
    await using source = await openCheckpoint(llamaCheckpoint('json-only'))
    const { 'tokenizer.ggml.scores': scores, ...metadata } = metadataOf(await llamaContent(llamaCheckpoint('json-only'), source, 'f16'))
    const { 'tokenizer.ggml.scores': flat, ...expected } = expectedMetadata(readConverted('json-only'))
    const tokens = expected['tokenizer.ggml.tokens']?.value as string[]
    const types = expected['tokenizer.ggml.token_type']?.value as number[]
    const size = expected['llama.vocab_size']?.value as number
    const padding = Array.from({ length: size - tokens.length }, (_, i) => `[PAD${tokens.length + i}]`)
    expect(padding).toHaveLength(4)
    expect(metadata).toEqual({
      ...expected,
      'tokenizer.ggml.tokens': { type: 'ARRAY STRING', value: [...tokens, ...padding] },
      'tokenizer.ggml.token_type': {
        type: 'ARRAY INT32',
        value: [...types.map((type, id) => (tokens[id] === '<image>' ? 3 : type)), ...padding.map(() => 5)],
      },
    })
    expect(new Set(flat?.value as number[])).toEqual(new Set([-1000]))
    expect(new Set(scores?.value as number[]).size).toBeGreaterThan(100)
  })

  it.each(['tied-heads-of-16', 'newer-keys-heads-of-64'] as const)("equals the converter's for a Qwen2-VL checkpoint, %s", async (name) => {
    await using source = await openCheckpoint(checkpointPath(name))
    const { language: config } = qwen2VlConfigOf(await readConfigFile(checkpointPath(name)), checkpointPath(name))
    const vocabulary = makeVocabulary(await readTokenizerFiles(checkpointPath(name)), config.vocabulary, config.tokenIds)
    const expected = readConverted(name)
    const template = expected.metadata['tokenizer.chat_template']?.value as string
    for (const precision of ['f16', 'f32'] as const) {
      const options = { precision, signal: new AbortController().signal }
      const content = languageContent(source, { name: 'tiny', config, vocabulary, template, card: { tags: [], languages: [] } }, options)
      expect(await tensorsOf(content)).toEqual(expected.tensors[precision])
      if (precision === 'f16') expect(metadataOf(content)).toEqual(expectedMetadata(expected))
    }
  })
})
