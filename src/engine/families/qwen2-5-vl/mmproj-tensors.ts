import { SLICES } from '../../checkpoint/qwen-pair.ts'
import type { TensorRecipe } from '../../formats/gguf/gguf-tensor-source.ts'
import type { Qwen25VlVisionConfig } from './vision-config.ts'

const CHANNELS = 3
/** Prefix of the tower's tensors in a published checkpoint. */
export const PREFIX = 'visual.'
/** The patch convolution, which has a tensor for each slice. */
export const PATCHES = `${PREFIX}patch_embed.proj.weight`

/**
 * The tensors of a tower under the names of a published checkpoint, and their parts in an mmproj file. `heads` are the names of queries, keys and
 * values. This table serves the import and the export.
 */
export function qwen25VlMmprojTensors(config: Qwen25VlVisionConfig, heads: readonly string[]): Map<string, TensorRecipe> {
  const { hidden_size: channels, intermediate_size: hidden, patch_size: patch, out_hidden_size: width, depth } = config
  const merged = channels * config.spatial_merge_size ** 2
  const found = new Map<string, TensorRecipe>()
  const add = (name: string, shape: readonly number[], ...parts: readonly string[]) => found.set(PREFIX + name, { shape, parts })
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
    add(`${to}.norm1.weight`, [channels], `${from}.ln1.weight`)
    linear(`${to}.attn.qkv`, 3 * channels, channels, ...heads.map((part) => `${from}.${part}`))
    linear(`${to}.attn.proj`, channels, channels, `${from}.attn_out`)
    add(`${to}.norm2.weight`, [channels], `${from}.ln2.weight`)
    linear(`${to}.mlp.gate_proj`, hidden, channels, `${from}.ffn_gate`)
    linear(`${to}.mlp.up_proj`, hidden, channels, `${from}.ffn_up`)
    linear(`${to}.mlp.down_proj`, channels, hidden, `${from}.ffn_down`)
  }
  add('merger.ln_q.weight', [channels], 'v.post_ln.weight')
  linear('merger.mlp.0', merged, merged, 'mm.0')
  linear('merger.mlp.2', width, merged, 'mm.2')
  return found
}
