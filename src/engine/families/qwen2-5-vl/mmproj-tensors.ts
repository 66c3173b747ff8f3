import { QwenMmprojTable } from '../../checkpoint/qwen-mmproj-table.ts'
import type { TensorRecipe } from '../../formats/gguf/gguf-tensor-source.ts'
import type { Qwen25VlVisionConfig } from './vision-config.ts'

/**
 * The tensors of a tower under the names of a published checkpoint, and their parts in an mmproj file. `heads` are the names of queries, keys and
 * values. This table serves the import and the export.
 */
export function qwen25VlMmprojTensors(config: Qwen25VlVisionConfig, heads: readonly string[]): ReadonlyMap<string, TensorRecipe> {
  const { hidden_size: channels, intermediate_size: hidden, patch_size: patch, out_hidden_size: width, depth } = config
  const merged = channels * config.spatial_merge_size ** 2
  const table = new QwenMmprojTable(channels, patch)
  for (let block = 0; block < depth; block++) {
    const [to, from] = [`blocks.${block}`, `v.blk.${block}`]
    table.add(`${to}.norm1.weight`, [channels], `${from}.ln1.weight`)
    table.attention(block, channels, heads)
    table.add(`${to}.norm2.weight`, [channels], `${from}.ln2.weight`)
    table.linear(`${to}.mlp.gate_proj`, hidden, channels, `${from}.ffn_gate`)
    table.linear(`${to}.mlp.up_proj`, hidden, channels, `${from}.ffn_up`)
    table.linear(`${to}.mlp.down_proj`, channels, hidden, `${from}.ffn_down`)
  }
  table.add('merger.ln_q.weight', [channels], 'v.post_ln.weight')
  table.linear('merger.mlp.0', merged, merged, 'mm.0')
  table.linear('merger.mlp.2', width, merged, 'mm.2')
  return table.recipes
}
