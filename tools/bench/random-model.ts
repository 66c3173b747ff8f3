import { existsSync } from 'node:fs'
import { cp, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { safetensorsHeader } from '../../src/engine/formats/safetensors/safetensors-writer.ts'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import { writeAt } from '../../src/platform/write-at.ts'
import { MANIFEST_FILE } from '../../src/shared/model-manifest.ts'
import { towerShapes } from '../../test/engine/vision/formula-weights.ts'

/** Checkpoint from which the tokenizer, template and settings are taken. */
const BASE = fileURLToPath(new URL('../../test/fixtures/parity/checkpoints/tied-heads-of-16/', import.meta.url))

export interface Sizes {
  readonly layers: number
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  readonly keyValueHeads: number
  /** With a separate output head; both tables are padded to `vocabulary` tokens. Without it, embedding and head are tied. */
  readonly untied?: { readonly vocabulary: number }
  readonly vision: { readonly depth: number; readonly embed_dim: number; readonly num_heads: number; readonly mlp_ratio: number }
}

/** Layers of the models for {@link events}. */
export const eventsLayers = [2, 6] as const

/** Qwen2-VL-2B's language model with fewer layers, and hardly any vision tower. */
function events(layers: number): Sizes {
  return {
    layers,
    width: 1536,
    feedForward: 8960,
    heads: 12,
    keyValueHeads: 2,
    untied: { vocabulary: 151_936 },
    vision: { depth: 1, embed_dim: 64, num_heads: 2, mlp_ratio: 2 },
  }
}

/**
 * Random models: one whose vision tower is most of the work, one with a language model of 120 million parameters, and two of a real model's width and
 * vocabulary.
 */
const sizes = {
  eyes: {
    layers: 4,
    width: 256,
    feedForward: 512,
    heads: 4,
    keyValueHeads: 2,
    vision: { depth: 8, embed_dim: 640, num_heads: 8, mlp_ratio: 4 },
  },
  words: {
    layers: 12,
    width: 768,
    feedForward: 3072,
    heads: 12,
    keyValueHeads: 4,
    vision: { depth: 1, embed_dim: 64, num_heads: 2, mlp_ratio: 2 },
  },
  'events-2': events(2),
  'events-6': events(6),
} as const satisfies Record<string, Sizes>

/** Returns the folder of a random model, imported once and cached. Its output is meaningless, but its cost is that of a real model of its size. */
export async function randomModel(cache: string, name: keyof typeof sizes): Promise<string> {
  const folder = join(cache, 'models', name)
  if (existsSync(join(folder, MANIFEST_FILE))) return folder
  const checkpoint = join(cache, `checkpoint-${process.pid}-${name}`)
  try {
    await writeRandomCheckpoint(checkpoint, sizes[name])
    await mkdir(join(cache, 'models'), { recursive: true })
    const signal = new AbortController().signal
    return await importCheckpoint(checkpoint, { name, language: 'q8_0', vision: 'f32', home: cache, destination: folder, signal })
  } finally {
    await rm(checkpoint, { recursive: true, force: true })
  }
}

/**
 * Writes a Qwen2-VL checkpoint folder with random weights and a vocabulary of some 18,000 tokens.
 * @param left tensors that are left out: holes in the file, which take no disk and read as zeros. Defaults to none
 */
export async function writeRandomCheckpoint(folder: string, size: Sizes, left: (name: string) => boolean = () => false): Promise<void> {
  await cp(BASE, folder, { recursive: true })
  const read = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'))
  const write = (file: string, value: unknown) => writeFile(join(folder, file), JSON.stringify(value))
  const tokenizer = await read('tokenizer.json')
  const config = await read('config.json')
  const tokens = addSyllables(tokenizer.model, config.vocab_size)
  const vocabulary = size.untied?.vocabulary ?? tokens
  await write('tokenizer.json', tokenizer)
  const vision = { ...config.vision_config, ...size.vision, hidden_size: size.width }
  const quarter = size.width / size.heads / 8
  await write('config.json', {
    ...config,
    hidden_size: size.width,
    intermediate_size: size.feedForward,
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    num_key_value_heads: size.keyValueHeads,
    vocab_size: vocabulary,
    tie_word_embeddings: size.untied === undefined,
    rope_scaling: { type: 'mrope', mrope_section: [quarter, 1.5 * quarter, 1.5 * quarter] },
    vision_config: vision,
  })
  await writeRandomTensors(join(folder, 'model.safetensors'), { ...languageShapes(size, vocabulary), ...visionShapes(vision) }, left)
}

/** Adds all syllables of two and three letters as tokens, for a large vocabulary of text tokens only. Returns its size. */
function addSyllables(model: { vocab: Record<string, number>; merges: [string, string][] }, size: number): number {
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  let next = size
  const add = (left: string, right: string) => {
    if (left + right in model.vocab) return
    model.vocab[left + right] = next++
    model.merges.push([left, right])
  }
  for (const a of letters) for (const b of letters) add(a, b)
  for (const a of letters) for (const b of letters) for (const c of letters) add(a + b, c)
  return next
}

function languageShapes(
  { layers, width, feedForward, heads, keyValueHeads, untied }: Sizes,
  vocabulary: number,
): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = { 'model.embed_tokens.weight': [vocabulary, width], 'model.norm.weight': [width] }
  if (untied) shapes['lm_head.weight'] = [vocabulary, width]
  const keyValueWidth = (width / heads) * keyValueHeads
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}.`
    shapes[`${at}input_layernorm.weight`] = [width]
    shapes[`${at}post_attention_layernorm.weight`] = [width]
    shapes[`${at}self_attn.o_proj.weight`] = [width, width]
    for (const [part, rows] of [
      ['q', width],
      ['k', keyValueWidth],
      ['v', keyValueWidth],
    ] as const) {
      shapes[`${at}self_attn.${part}_proj.weight`] = [rows, width]
      shapes[`${at}self_attn.${part}_proj.bias`] = [rows]
    }
    shapes[`${at}mlp.gate_proj.weight`] = [feedForward, width]
    shapes[`${at}mlp.up_proj.weight`] = [feedForward, width]
    shapes[`${at}mlp.down_proj.weight`] = [width, feedForward]
  }
  return shapes
}

function visionShapes(config: Parameters<typeof towerShapes>[0]): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(towerShapes(config)).map(([key, shape]) => [`visual.${key}`, shape]))
}

/** Writes a safetensors file of BF16 numbers, tensor by tensor: norms are 1, all other values have an absolute value from 0.008 to 0.03. */
async function writeRandomTensors(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  left: (name: string) => boolean,
): Promise<void> {
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1)
    return { name, dtype: 'BF16', shape, bytes: 2 * count, count, norm: shape.length === 1 && name.endsWith('weight') }
  })
  const file = await open(path, 'w')
  try {
    const header = safetensorsHeader(tensors)
    await file.writeFile(header)
    let at = header.byteLength
    let state = 0x9e3779b9
    for (const { name, bytes, count, norm } of tensors) {
      at += bytes
      if (left(name)) continue
      const values = new Uint16Array(count).fill(0x3f80)
      for (let i = 0; i < count && !norm; i++) {
        state ^= state << 13
        state ^= state >>> 17
        state ^= state << 5
        values[i] = (state & 0x8000) | (0x3c00 + (state & 0xff))
      }
      await writeAt(file, new Uint8Array(values.buffer), at - bytes)
    }
    await file.truncate(at)
  } finally {
    await file.close()
  }
}
