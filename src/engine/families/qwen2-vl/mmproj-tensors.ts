import { QwenMmprojTable } from '../../checkpoint/qwen-mmproj-table.ts'
import { WRITTEN_HEADS } from '../../checkpoint/qwen-pair.ts'
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

/**
 * The tensors of a tower under the names of a published checkpoint, and their parts in an mmproj file. This table serves the import and the
 * export.
 */
export function qwen2VlMmprojTensors(config: Qwen2VlVisionConfig, names: Qwen2VlMmprojNames): ReadonlyMap<string, TensorRecipe> {
  const { embed_dim: channels, patch_size: patch, hidden_size: width, depth } = config
  const hidden = channels * config.mlp_ratio
  const merged = channels * config.spatial_merge_size ** 2
  const table = new QwenMmprojTable(channels, patch)
  for (let block = 0; block < depth; block++) {
    const [to, from] = [`blocks.${block}`, `v.blk.${block}`]
    table.norm(`${to}.norm1`, channels, `${from}.ln1`)
    table.attention(block, channels, names.heads)
    table.norm(`${to}.norm2`, channels, `${from}.ln2`)
    table.linear(`${to}.mlp.fc1`, hidden, channels, `${from}.${names.up}`)
    table.linear(`${to}.mlp.fc2`, channels, hidden, `${from}.${names.down}`)
  }
  table.norm('merger.ln_q', channels, 'v.post_ln')
  table.linear('merger.mlp.0', merged, merged, 'mm.0')
  table.linear('merger.mlp.2', width, merged, 'mm.2')
  return table.recipes
}
