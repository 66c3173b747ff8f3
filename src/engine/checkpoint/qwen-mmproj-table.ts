import type { TensorRecipe } from '../formats/gguf/gguf-tensor-source.ts'
import { SLICES } from './qwen-pair.ts'

const COLOURS = 3
/** Prefix of a tower's tensors in a published checkpoint. */
export const PREFIX = 'visual.'
/** The patch convolution, which has a tensor for each slice in an mmproj file. */
export const PATCHES = `${PREFIX}patch_embed.proj.weight`

/**
 * The tensors of a tower of Qwen2-VL or its successors under the names of a published checkpoint, and their parts in an mmproj file. A family adds its
 * layers; the table serves the import and the export.
 */
export class QwenMmprojTable {
  readonly #found = new Map<string, TensorRecipe>()

  /** Begins with the patch convolution to `channels` values, of patches of `patch` by `patch` pixels. */
  constructor(channels: number, patch: number) {
    const shape = [channels, COLOURS, SLICES, patch, patch]
    this.#found.set(PATCHES, { shape, parts: ['v.patch_embd.weight', 'v.patch_embd.weight.1'], turns: patch * patch })
  }

  get recipes(): ReadonlyMap<string, TensorRecipe> {
    return this.#found
  }

  /** Adds a tensor that consists of the rows of `parts`. Names of a checkpoint are without {@link PREFIX}. */
  add(name: string, shape: readonly number[], ...parts: readonly string[]): void {
    this.#found.set(PREFIX + name, { shape, parts })
  }

  /** Adds weight and bias of a normalization of `size` values. */
  norm(name: string, size: number, part: string): void {
    for (const kind of ['weight', 'bias']) this.add(`${name}.${kind}`, [size], `${part}.${kind}`)
  }

  /** Adds weight and bias of a linear layer. */
  linear(name: string, rows: number, columns: number, ...parts: readonly string[]): void {
    this.add(`${name}.weight`, [rows, columns], ...parts.map((part) => `${part}.weight`))
    this.add(`${name}.bias`, [rows], ...parts.map((part) => `${part}.bias`))
  }

  /** Adds the attention of a layer; `heads` are the names of queries, keys and values: one or three. */
  attention(block: number, channels: number, heads: readonly string[]): void {
    const [to, from] = [`blocks.${block}.attn`, `v.blk.${block}`]
    this.linear(`${to}.qkv`, 3 * channels, channels, ...heads.map((part) => `${from}.${part}`))
    this.linear(`${to}.proj`, channels, channels, `${from}.attn_out`)
  }
}
