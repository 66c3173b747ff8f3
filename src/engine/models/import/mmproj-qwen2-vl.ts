import { TarsierError } from '../../../shared/errors.ts'
import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { GgufTensorSource, type TensorRecipe } from '../../formats/gguf/gguf-tensor-source.ts'
import { CLIP_MAX_PIXELS, DEFAULT_MAX_PIXELS, DEFAULT_MIN_PIXELS, FRAME_MAX_PIXELS } from './checkpoint-preprocessing.ts'
import { feedForwardNames, type MmprojSettings } from './mmproj-settings.ts'
import { type Qwen2VlVisionConfig, qwen2VlVisionConfigSchema } from './qwen2-vl-vision-config.ts'

/** llama.cpp's name of Qwen2-VL's merger. */
export const QWEN2_VL_PROJECTOR = 'qwen2vl_merger'
const CHANNELS = 3
/** llama.cpp's converter writes towers of no other. */
const SLICES = 2
const PREFIX = 'visual.'

export interface Qwen2VlMmproj {
  readonly vision: Qwen2VlVisionConfig
  readonly preprocessing: Tarsier2Manifest['preprocessing']
  /** The tower's tensors under the names of a published checkpoint. */
  readonly tensors: GgufTensorSource
}

/**
 * A Qwen2-VL tower from the mmproj file that llama.cpp's converter makes of it: it has q, k and v apart, and the patch convolution
 * in two, one for each slice of time. `width` is the language model's. The file is closed with the tensors.
 * Throws `model-unsupported`, `model-mismatch`, `model-damaged`.
 */
export function readQwen2VlMmproj(gguf: GgufFile, settings: MmprojSettings, width: number): Qwen2VlMmproj {
  const { path } = gguf
  for (const key of ['clip.use_gelu', 'clip.use_silu']) {
    if (gguf.head.values.get(key) === true)
      throw new TarsierError('model-unsupported', `${path}: ${key} is true; the activation of Qwen2-VL's tower is the quick GELU.`)
  }
  const projected = settings.number('projection_dim')
  const rows = rowsOf(gguf, 'mm.2.weight')
  if (projected !== width || rows !== width) {
    throw new TarsierError(
      'model-mismatch',
      `The vision tower in ${path} gives rows of ${rows ?? projected ?? 0} values, the language model takes ${width}. The two files do not belong together.`,
      { details: { vision: rows ?? projected ?? 0, language: width } },
    )
  }
  if (gguf.head.tensors.has(`v.blk.${settings.layers}.ln1.weight`)) {
    throw new TarsierError(
      'model-damaged',
      `${path} holds more layers than the ${settings.layers} that it speaks of. Fetch the file again.`,
    )
  }
  const [up, down] = feedForwardNames(gguf, settings.width)
  const vision = checkFields(
    {
      depth: settings.layers,
      embed_dim: settings.width,
      num_heads: settings.heads,
      // The file's own feed_forward_length is the language model's width, by a mistake of the converter's.
      mlp_ratio: (rowsOf(gguf, `v.blk.0.${up}.weight`) ?? 0) / settings.width,
      hidden_size: width,
      patch_size: settings.patchSize,
      temporal_patch_size: SLICES,
      spatial_merge_size: settings.number('spatial_merge_size'),
    },
    qwen2VlVisionConfigSchema,
    path,
  )
  return {
    vision,
    preprocessing: {
      mean: [...settings.mean],
      std: [...settings.std],
      minPixels: settings.number('image_min_pixels') ?? DEFAULT_MIN_PIXELS,
      maxPixels: settings.number('image_max_pixels') ?? DEFAULT_MAX_PIXELS,
      frameMaxPixels: FRAME_MAX_PIXELS,
      clipMaxPixels: CLIP_MAX_PIXELS,
    },
    tensors: new GgufTensorSource(gguf, recipes(gguf, vision, up, down)),
  }
}

function rowsOf(gguf: GgufFile, name: string): number | undefined {
  return gguf.head.tensors.get(name)?.shape[1]
}

function recipes(gguf: GgufFile, config: Qwen2VlVisionConfig, up: string, down: string): Map<string, TensorRecipe> {
  const { embed_dim: channels, patch_size: patch, hidden_size: width, depth } = config
  const hidden = channels * config.mlp_ratio
  const merged = channels * config.spatial_merge_size ** 2
  const found = new Map<string, TensorRecipe>()
  const add = (name: string, shape: readonly number[], ...parts: readonly string[]) => found.set(PREFIX + name, { shape, parts })
  const norm = (name: string, part: string) => {
    for (const kind of ['weight', 'bias']) add(`${name}.${kind}`, [channels], `${part}.${kind}`)
  }
  const linear = (name: string, rows: number, columns: number, ...parts: readonly string[]) => {
    add(`${name}.weight`, [rows, columns], ...parts.map((part) => `${part}.weight`))
    add(`${name}.bias`, [rows], ...parts.map((part) => `${part}.bias`))
  }
  found.set(`${PREFIX}patch_embed.proj.weight`, {
    shape: [channels, CHANNELS, SLICES, patch, patch],
    parts: ['v.patch_embd.weight', 'v.patch_embd.weight.1'],
    turns: patch * patch,
  })
  for (let block = 0; block < depth; block++) {
    const [to, from] = [`blocks.${block}`, `v.blk.${block}`]
    norm(`${to}.norm1`, `${from}.ln1`)
    const together = gguf.head.tensors.has(`${from}.attn_qkv.weight`)
    const heads = together ? ['attn_qkv'] : ['attn_q', 'attn_k', 'attn_v']
    linear(`${to}.attn.qkv`, 3 * channels, channels, ...heads.map((part) => `${from}.${part}`))
    linear(`${to}.attn.proj`, channels, channels, `${from}.attn_out`)
    norm(`${to}.norm2`, `${from}.ln2`)
    linear(`${to}.mlp.fc1`, hidden, channels, `${from}.${up}`)
    linear(`${to}.mlp.fc2`, channels, hidden, `${from}.${down}`)
  }
  norm('merger.ln_q', 'v.post_ln')
  linear('merger.mlp.0', merged, merged, 'mm.0')
  linear('merger.mlp.2', width, merged, 'mm.2')
  return found
}
