import type { TensorRecipe } from '../../formats/gguf/gguf-tensor-source.ts'
import { CHANNELS } from './tower-config.ts'
import type { ClipVisionConfig } from './vision-config.ts'

/** Prefixes of tower and projector in a LLaVA checkpoint. */
export const TOWER = 'vision_tower.vision_model.'
export const PROJECTOR = 'multi_modal_projector.'
export const CLASS_TOKEN = `${TOWER}embeddings.class_embedding`
export const PATCHES = `${TOWER}embeddings.patch_embedding.weight`
export const POSITIONS = `${TOWER}embeddings.position_embedding.weight`

/** The names of the feed-forward layers that are written: those of the current converter. */
export const WRITTEN_LAYERS: FeedForwardNames = ['ffn_up', 'ffn_down']
type FeedForwardNames = readonly [first: string, second: string]

/**
 * The tensors of tower and projector under the names of a LLaVA checkpoint, and the same in an mmproj file. `width` is the language model's.
 * This table serves the import and the export.
 */
export function llavaMmprojTensors(config: ClipVisionConfig, width: number, [first, second]: FeedForwardNames): Map<string, TensorRecipe> {
  const { hidden_size: channels, intermediate_size: hidden, patch_size: patch, image_size: side, num_hidden_layers: layers } = config
  const found = new Map<string, TensorRecipe>()
  const add = (name: string, shape: readonly number[], part: string) => found.set(name, { shape, parts: [part] })
  const norm = (name: string, part: string) => {
    for (const kind of ['weight', 'bias']) add(`${TOWER}${name}.${kind}`, [channels], `${part}.${kind}`)
  }
  const linear = (name: string, rows: number, columns: number, part: string) => {
    add(`${name}.weight`, [rows, columns], `${part}.weight`)
    add(`${name}.bias`, [rows], `${part}.bias`)
  }
  add(CLASS_TOKEN, [channels], 'v.class_embd')
  add(PATCHES, [channels, CHANNELS, patch, patch], 'v.patch_embd.weight')
  add(POSITIONS, [(side / patch) ** 2 + 1, channels], 'v.position_embd.weight')
  // The spelling is CLIP's own.
  norm('pre_layrnorm', 'v.pre_ln')
  for (let layer = 0; layer < layers; layer++) {
    const [to, from] = [`encoder.layers.${layer}`, `v.blk.${layer}`]
    norm(`${to}.layer_norm1`, `${from}.ln1`)
    for (const part of ['q', 'k', 'v']) linear(`${TOWER}${to}.self_attn.${part}_proj`, channels, channels, `${from}.attn_${part}`)
    linear(`${TOWER}${to}.self_attn.out_proj`, channels, channels, `${from}.attn_out`)
    norm(`${to}.layer_norm2`, `${from}.ln2`)
    linear(`${TOWER}${to}.mlp.fc1`, hidden, channels, `${from}.${first}`)
    linear(`${TOWER}${to}.mlp.fc2`, channels, hidden, `${from}.${second}`)
  }
  linear(`${PROJECTOR}linear_1`, width, channels, 'mm.0')
  linear(`${PROJECTOR}linear_2`, width, width, 'mm.2')
  return found
}
