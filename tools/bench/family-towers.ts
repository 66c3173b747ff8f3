import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelParts } from '../../src/engine/checkpoint/model-parts.ts'
import { CLIP_MEAN, CLIP_STD } from '../../src/engine/checkpoint/processor-settings.ts'
import { DEFAULT_MAX_PIXELS, DEFAULT_MIN_PIXELS } from '../../src/engine/checkpoint/qwen-processor.ts'
import { qwen25VlManifest, qwen25VlTower } from '../../src/engine/families/qwen2-5-vl/parts.ts'
import { qwen25VlVisionConfigSchema } from '../../src/engine/families/qwen2-5-vl/vision-config.ts'
import { qwen2VlManifest, qwen2VlTower } from '../../src/engine/families/qwen2-vl/parts.ts'
import { qwen2VlVisionConfigSchema } from '../../src/engine/families/qwen2-vl/vision-config.ts'
import { qwen3VlManifest, qwen3VlTower } from '../../src/engine/families/qwen3-vl/parts.ts'
import { FRAMES_PER_SECOND } from '../../src/engine/families/qwen3-vl/preprocessing.ts'
import { qwen3VlVisionConfigSchema } from '../../src/engine/families/qwen3-vl/vision-config.ts'
import { type ModelManifest, modelManifestSchema } from '../../src/shared/model-manifest.ts'
import { towerShapes } from '../../test/engine/vision/formula-weights.ts'
import { randomTensors } from './random-tower.ts'
import type { TowerFamily } from './transformers-tower.ts'

/** Layers of each tower; published ones have 24 to 32. */
const LAYERS = 8
const CHANNELS = 3
const TEMPORAL_PATCH = 2
const options = { name: 'random' }
const unused = { licence: undefined, source: { repository: 'random', revision: null }, template: '', context: 32768 }
const picture = { mean: [...CLIP_MEAN], std: [...CLIP_STD], minPixels: DEFAULT_MIN_PIXELS, maxPixels: DEFAULT_MAX_PIXELS } satisfies Picture

interface Picture {
  mean: [number, number, number]
  std: [number, number, number]
  minPixels: number
  maxPixels: number
}

/** A vision tower with the widths of a published one, fewer layers, and random weights. */
export interface FamilyTower {
  readonly name: string
  readonly family: TowerFamily
  /** The checkpoint's `vision_config`. */
  readonly config: Readonly<Record<string, unknown>> & { readonly patch_size: number }
  readonly manifest: ModelParts['manifest']
  readonly tower: ModelParts['tower']
  /** Size of the measured frames: 16:9 and about 450,000 pixels, which every family takes without resizing. */
  readonly size: readonly [width: number, height: number]
}

/** The towers of the families of Qwen. */
export function familyTowers(): FamilyTower[] {
  return [qwen2Vl(), qwen25Vl(), qwen3Vl()]
}

/** A folder with the tower in f32, and its manifest; disposing it removes the folder. */
export async function familyTowerFolder({
  manifest,
  tower,
}: FamilyTower): Promise<AsyncDisposable & { directory: string; manifest: ModelManifest }> {
  const directory = await mkdtemp(join(tmpdir(), 'tarsier-tower-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const precision = 'f32'
    const files = await tower.write({ precision, directory, fileName: 'vision.onnx', durable: false, signal: new AbortController().signal })
    const language = {
      file: 'language.gguf',
      precision,
      sha256: files.sha256,
      bytes: 1,
      width: tower.metadata.width,
      context: unused.context,
    }
    const whole = modelManifestSchema.parse({ ...manifest, language, vision: { ...tower.metadata, ...files, precision } })
    return { directory, manifest: whole, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

function qwen2Vl(): FamilyTower {
  const config = { depth: LAYERS, embed_dim: 1280, num_heads: 16, mlp_ratio: 4, hidden_size: 1536, patch_size: 14 }
  const preprocessing = { ...picture, frameMaxPixels: 460800, clipMaxPixels: 128 * 384 * 384 }
  return {
    name: 'Qwen2-VL (Tarsier2)',
    family: 'qwen2_vl',
    config,
    manifest: qwen2VlManifest(options, { ...unused, preprocessing }),
    tower: qwen2VlTower(randomTensors(towerShapes(config)), qwen2VlVisionConfigSchema.parse(config)),
    size: [896, 504],
  }
}

function qwen25Vl(): FamilyTower {
  const config = {
    depth: LAYERS,
    hidden_size: 1280,
    intermediate_size: 3420,
    num_heads: 16,
    out_hidden_size: 2048,
    patch_size: 14,
    fullatt_block_indexes: [LAYERS - 1],
  }
  const vision = qwen25VlVisionConfigSchema.parse(config)
  const { hidden_size: channels, intermediate_size: hidden, out_hidden_size: width } = config
  const shapes = new Shapes(channels, config.patch_size)
  for (let layer = 0; layer < LAYERS; layer++) {
    const key = `blocks.${layer}`
    shapes.attention(key)
    shapes.add(`${key}.norm1.weight`, channels)
    shapes.add(`${key}.norm2.weight`, channels)
    shapes.linear(`${key}.mlp.gate_proj`, hidden, channels)
    shapes.linear(`${key}.mlp.up_proj`, hidden, channels)
    shapes.linear(`${key}.mlp.down_proj`, channels, hidden)
  }
  shapes.add('merger.ln_q.weight', channels)
  shapes.linear('merger.mlp.0', 4 * channels, 4 * channels)
  shapes.linear('merger.mlp.2', width, 4 * channels)
  return {
    name: 'Qwen2.5-VL',
    family: 'qwen2_5_vl',
    config,
    manifest: qwen25VlManifest(options, { ...unused, vision, processor: picture }),
    tower: qwen25VlTower(randomTensors(shapes.all), vision),
    size: [896, 504],
  }
}

function qwen3Vl(): FamilyTower {
  const config = {
    depth: LAYERS,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_heads: 16,
    out_hidden_size: 2560,
    patch_size: 16,
    num_position_embeddings: 2304,
    // One merger for eight layers, as in published towers.
    deepstack_visual_indexes: [LAYERS - 2],
  }
  const vision = qwen3VlVisionConfigSchema.parse(config)
  const { hidden_size: channels, intermediate_size: hidden, out_hidden_size: width } = config
  const shapes = new Shapes(channels, config.patch_size)
  shapes.add('patch_embed.proj.bias', channels)
  shapes.add('pos_embed.weight', config.num_position_embeddings, channels)
  for (let layer = 0; layer < LAYERS; layer++) {
    const key = `blocks.${layer}`
    shapes.attention(key)
    shapes.norm(`${key}.norm1`, channels)
    shapes.norm(`${key}.norm2`, channels)
    shapes.linear(`${key}.mlp.linear_fc1`, hidden, channels)
    shapes.linear(`${key}.mlp.linear_fc2`, channels, hidden)
  }
  for (const [merger, normed] of [
    ['merger', channels],
    ['deepstack_merger_list.0', 4 * channels],
  ] as const) {
    shapes.norm(`${merger}.norm`, normed)
    shapes.linear(`${merger}.linear_fc1`, 4 * channels, 4 * channels)
    shapes.linear(`${merger}.linear_fc2`, width, 4 * channels)
  }
  const preprocessing = { ...picture, clipMinPixels: 128 * 32 * 32, clipMaxPixels: 24576 * 32 * 32 }
  return {
    name: 'Qwen3-VL',
    family: 'qwen3_vl',
    config,
    manifest: qwen3VlManifest(options, { ...unused, processors: { preprocessing, perSecond: FRAMES_PER_SECOND } }),
    tower: qwen3VlTower(randomTensors(shapes.all), vision),
    size: [896, 512],
  }
}

/** Shapes of a tower's tensors. */
class Shapes {
  readonly all: Record<string, readonly number[]>
  readonly #channels: number

  constructor(channels: number, patch: number) {
    this.#channels = channels
    this.all = { 'patch_embed.proj.weight': [channels, CHANNELS, TEMPORAL_PATCH, patch, patch] }
  }

  add(key: string, ...shape: number[]): void {
    this.all[key] = shape
  }

  linear(key: string, rows: number, columns: number): void {
    this.add(`${key}.weight`, rows, columns)
    this.add(`${key}.bias`, rows)
  }

  norm(key: string, width: number): void {
    this.add(`${key}.weight`, width)
    this.add(`${key}.bias`, width)
  }

  attention(layer: string): void {
    this.linear(`${layer}.attn.qkv`, 3 * this.#channels, this.#channels)
    this.linear(`${layer}.attn.proj`, this.#channels, this.#channels)
  }
}
