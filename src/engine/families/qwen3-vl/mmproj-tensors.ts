import { QwenMmprojTable } from '../../checkpoint/qwen-mmproj-table.ts'
import type { TensorRecipe } from '../../formats/gguf/gguf-tensor-source.ts'
import type { Qwen3VlVisionConfig } from './vision-config.ts'

/** Name of the only queries, keys and values that llama.cpp reads for this tower. */
export const WRITTEN_QKV = 'attn_qkv'
/** Name of the learned positions in a published checkpoint, without the tower's prefix. */
export const POSITION_TABLE = 'pos_embed.weight'

/**
 * The tensors of a tower under the names of a published checkpoint, and their parts in an mmproj file, which numbers the mergers of earlier layers by the
 * layer. `heads` are the names of queries, keys and values. This table serves the import and the export.
 */
export function qwen3VlMmprojTensors(config: Qwen3VlVisionConfig, heads: readonly string[]): ReadonlyMap<string, TensorRecipe> {
  const { hidden_size: channels, intermediate_size: hidden, patch_size: patch, out_hidden_size: width, depth } = config
  const merged = channels * config.spatial_merge_size ** 2
  const table = new QwenMmprojTable(channels, patch)
  table.add('patch_embed.proj.bias', [channels], 'v.patch_embd.bias')
  table.add(POSITION_TABLE, [config.num_position_embeddings, channels], 'v.position_embd.weight')
  for (let block = 0; block < depth; block++) {
    const [to, from] = [`blocks.${block}`, `v.blk.${block}`]
    table.norm(`${to}.norm1`, channels, `${from}.ln1`)
    table.attention(block, channels, heads)
    table.norm(`${to}.norm2`, channels, `${from}.ln2`)
    table.linear(`${to}.mlp.linear_fc1`, hidden, channels, `${from}.ffn_up`)
    table.linear(`${to}.mlp.linear_fc2`, channels, hidden, `${from}.ffn_down`)
  }
  for (const [index, layer] of config.deepstack_visual_indexes.entries()) {
    const [to, from] = [`deepstack_merger_list.${index}`, `v.deepstack.${layer}`]
    table.norm(`${to}.norm`, merged, `${from}.norm`)
    table.linear(`${to}.linear_fc1`, merged, merged, `${from}.fc1`)
    table.linear(`${to}.linear_fc2`, width, merged, `${from}.fc2`)
  }
  table.norm('merger.norm', channels, 'v.post_ln')
  table.linear('merger.linear_fc1', merged, merged, 'mm.0')
  table.linear('merger.linear_fc2', width, merged, 'mm.2')
  return table.recipes
}
