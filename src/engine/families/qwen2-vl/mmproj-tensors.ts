import { SLICES, WRITTEN_HEADS } from '../../checkpoint/qwen-pair.ts'
import type { TensorRecipe } from '../../formats/gguf/gguf-tensor-source.ts'
import type { Qwen2VlVisionConfig } from './vision-config.ts'

/** Names that differ between the files of llama.cpp's converters. */
export interface Qwen2VlMmprojNames {
  /** The two feed-forward layers. */
  readonly up: string
  readonly down: string
  /** Queries, keys and values: one tensor or three. */
  readonly heads: readonly string[]
}

/** The names that are written: those of the current converter. */
export const WRITTEN_NAMES: Qwen2VlMmprojNames = { up: 'ffn_up', down: 'ffn_down', heads: WRITTEN_HEADS }

const CHANNELS = 3
/** Prefix of the tower's tensors in a published checkpoint. */
export const PREFIX = 'visual.'
/** The patch convolution, which has a tensor for each slice. */
export const PATCHES = `${PREFIX}patch_embed.proj.weight`

/**
 * The tensors of a tower under the names of a published checkpoint, and their parts in an mmproj file. This table serves the import and the
 * export.
 */
export function qwen2VlMmprojTensors(config: Qwen2VlVisionConfig, names: Qwen2VlMmprojNames): Map<string, TensorRecipe> {
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
  found.set(PATCHES, {
    shape: [channels, CHANNELS, SLICES, patch, patch],
    parts: ['v.patch_embd.weight', 'v.patch_embd.weight.1'],
    turns: patch * patch,
  })
  for (let block = 0; block < depth; block++) {
    const [to, from] = [`blocks.${block}`, `v.blk.${block}`]
    norm(`${to}.norm1`, `${from}.ln1`)
    linear(`${to}.attn.qkv`, 3 * channels, channels, ...names.heads.map((part) => `${from}.${part}`))
    linear(`${to}.attn.proj`, channels, channels, `${from}.attn_out`)
    norm(`${to}.norm2`, `${from}.ln2`)
    linear(`${to}.mlp.fc1`, hidden, channels, `${from}.${names.up}`)
    linear(`${to}.mlp.fc2`, channels, hidden, `${from}.${names.down}`)
  }
  norm('merger.ln_q', 'v.post_ln')
  linear('merger.mlp.0', merged, merged, 'mm.0')
  linear('merger.mlp.2', width, merged, 'mm.2')
  return found
}
