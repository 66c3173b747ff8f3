import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { GgufFile } from '../../src/engine/formats/gguf/gguf-file.ts'
import type { ChatMessage } from '../../src/engine/language/types.ts'
import { CheckpointCopy, type JsonObject, type RawTensors, safetensorsBytes } from './checkpoint-folder.ts'
import type { ScratchFolder } from './scratch-folder.ts'

/** llama.cpp's source, which node-llama-cpp contains, and the file in it that has Qwen's vocabulary. */
const BUNDLE = fileURLToPath(new URL('../../node_modules/node-llama-cpp/llama/gitRelease.bundle', import.meta.url))
const VOCABULARY = 'models/ggml-vocab-qwen2.gguf'
/** Rows of the embedding table in published checkpoints, of which the last have no token. */
const ROWS = 151_936
const PIECES = 'tokenizer.ggml.tokens'
const MERGES = 'tokenizer.ggml.merges'

/** Tokens of transformers, as tools/reference/real_vocabulary_fixture.py writes them. */
export interface RealTokens {
  /** Of all pieces and merges of the published tokenizer. */
  readonly checksum: string
  /** Its tokenizer.json without them, and its tokenizer_config.json. */
  readonly tokenizer: JsonObject
  readonly settings: JsonObject
  readonly texts: readonly { readonly text: string; readonly tokens: readonly number[] }[]
  readonly conversations: readonly { readonly messages: readonly ChatMessage[]; readonly tokens: readonly number[] }[]
  /** Prompts for cases of the family's fixtures, with -1 for visual tokens. */
  readonly clips?: readonly { readonly case: string; readonly tokens: readonly number[] }[]
}

export function readRealTokens(family: 'qwen2-5-vl' | 'qwen3-vl'): RealTokens {
  return JSON.parse(readFileSync(new URL(`../fixtures/real-vocabulary/${family}.json`, import.meta.url), 'utf8'))
}

/** The pieces and merges of Qwen's models, without added tokens. */
export async function qwenVocabulary(
  scratch: ScratchFolder,
): Promise<{ readonly pieces: readonly string[]; readonly merges: readonly string[] }> {
  const run = promisify(execFile)
  await run('git', ['clone', '--quiet', '--bare', BUNDLE, scratch.path('llama.cpp')])
  const show = ['--git-dir', scratch.path('llama.cpp'), 'show', `HEAD:${VOCABULARY}`]
  const { stdout } = await run('git', show, { encoding: 'buffer', maxBuffer: 2 ** 26 })
  await writeFile(scratch.path('vocabulary.gguf'), stdout)
  await using file = await GgufFile.open(scratch.path('vocabulary.gguf'), new Set([PIECES, MERGES]))
  const textsOf = (key: string) => {
    const value = file.head.values.get(key)
    return typeof value === 'object' ? (value.texts ?? []) : []
  }
  const pieces = textsOf(PIECES)
  return { pieces: pieces.slice(0, pieces.indexOf('<|endoftext|>')), merges: textsOf(MERGES) }
}

/** As the fixture's script computes it. */
export function vocabularyChecksum({ pieces, merges }: Awaited<ReturnType<typeof qwenVocabulary>>): string {
  return createHash('sha256')
    .update([...pieces, '', ...merges].join('\n'))
    .digest('hex')
}

/** A copy of a tiny checkpoint with the real tokenizer. Its embedding table, which is also its output layer, is zero. */
export async function withRealVocabulary(
  checkpoint: string,
  { tokenizer, settings }: RealTokens,
  { pieces, merges }: Awaited<ReturnType<typeof qwenVocabulary>>,
): Promise<CheckpointCopy> {
  const copy = await CheckpointCopy.from(checkpoint)
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]))
  const added = tokenizer.added_tokens as readonly { readonly id: number; readonly content: string }[]
  const idOf = (text: string) => added.find(({ content }) => content === text)?.id
  await writeFile(copy.path('tokenizer.json'), JSON.stringify({ ...tokenizer, model: { type: 'BPE', vocab, merges } }))
  await writeFile(copy.path('tokenizer_config.json'), JSON.stringify(settings))
  await copy.json('config.json', (config) => {
    const text = config.text_config ?? config
    text.vocab_size = ROWS
    text.bos_token_id = idOf('<|endoftext|>')
    text.eos_token_id = idOf('<|im_end|>')
    config.image_token_id = idOf('<|image_pad|>')
    config.video_token_id = idOf('<|video_pad|>')
    config.vision_start_token_id = idOf('<|vision_start|>')
    config.vision_end_token_id = idOf('<|vision_end|>')
  })
  const tensors: RawTensors = new Map(
    [...(await copy.tensors())].map(([key, tensor]) => {
      if (!key.endsWith('embed_tokens.weight')) return [key, tensor]
      const shape = [ROWS, tensor.shape[1] ?? 0]
      return [key, { dtype: 'BF16', shape, bytes: new Uint8Array(2 * ROWS * (shape[1] ?? 0)) }]
    }),
  )
  await writeFile(copy.path('model.safetensors'), safetensorsBytes(tensors))
  return copy
}
