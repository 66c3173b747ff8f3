import { z } from 'zod'

const size = z.int().positive()

/**
 * Schema for the `vision_config` of a Qwen3-VL checkpoint's config.json; other fields are ignored. The defaults are those of transformers' config
 * class, for writers that omit default values.
 */
export const qwen3VlVisionConfigSchema = z
  .object({
    depth: size.max(1024).default(27),
    /** Width of the tower's layers. */
    hidden_size: size.default(1152),
    intermediate_size: size.default(4304),
    num_heads: size.default(16),
    hidden_act: z.literal('gelu_pytorch_tanh').default('gelu_pytorch_tanh'),
    /** Width of the embeddings, which is the language model's. */
    out_hidden_size: size.default(3584),
    patch_size: size.default(16),
    temporal_patch_size: size.default(2),
    spatial_merge_size: size.default(2),
    /** Learned positions of a square. */
    num_position_embeddings: size.default(2304),
    /** Layers whose results are merged and added to the first layers of the language model, in this order. */
    deepstack_visual_indexes: z.array(z.int().min(0)).default([8, 16, 24]),
    in_channels: z.literal(3).optional(),
  })
  .refine((config) => config.hidden_size % config.num_heads === 0, {
    error: 'hidden_size must be a multiple of num_heads',
    path: ['num_heads'],
  })
  .refine((config) => (config.hidden_size / config.num_heads) % 4 === 0, {
    error: 'the size of a head (hidden_size / num_heads) must be a multiple of 4 for the two-dimensional rotary positions',
    path: ['num_heads'],
  })
  .refine((config) => Number.isInteger(Math.sqrt(config.num_position_embeddings)), {
    error: 'num_position_embeddings must be a square number',
    path: ['num_position_embeddings'],
  })
  .refine(({ deepstack_visual_indexes: layers, depth }) => layers.every((layer, i) => layer < depth && layer > (layers[i - 1] ?? -1)), {
    error: 'deepstack_visual_indexes must be layers of the tower in ascending order',
    path: ['deepstack_visual_indexes'],
  })

export type Qwen3VlVisionConfig = z.infer<typeof qwen3VlVisionConfigSchema>

/** Width of the tower's rows: the embedding of a token, and one for each of the first layers of the language model. */
export function rowWidth({ out_hidden_size: width, deepstack_visual_indexes: layers }: Qwen3VlVisionConfig): number {
  return width * (1 + layers.length)
}
