import { z } from 'zod'

const size = z.int().positive()

/**
 * Schema for the `vision_config` of a Qwen2-VL checkpoint's config.json; other fields are ignored. The defaults are Qwen2-VL's, for writers
 * that omit default values.
 */
export const qwen2VlVisionConfigSchema = z
  .object({
    depth: size.max(1024).default(32),
    /** Width of the tower's layers. */
    embed_dim: size.default(1280),
    num_heads: size.default(16),
    mlp_ratio: z.number().positive().default(4),
    /** Width of the output rows, which is the language model's. */
    hidden_size: size.default(3584),
    hidden_act: z.literal('quick_gelu').default('quick_gelu'),
    patch_size: size.default(14),
    temporal_patch_size: size.default(2),
    spatial_merge_size: size.default(2),
    in_channels: z.literal(3).optional(),
    /** Older name of `in_channels`. */
    in_chans: z.literal(3).optional(),
    rope_parameters: z.object({ rope_theta: z.literal(10000).optional(), rope_type: z.literal('axial').optional() }).nullish(),
  })
  .refine((config) => config.embed_dim % config.num_heads === 0, {
    error: 'embed_dim must be a multiple of num_heads',
    path: ['num_heads'],
  })
  .refine((config) => (config.embed_dim / config.num_heads) % 4 === 0, {
    error: 'the size of a head (embed_dim / num_heads) must be a multiple of 4 for the two-dimensional rotary positions',
    path: ['num_heads'],
  })
  .refine((config) => Number.isInteger(config.embed_dim * config.mlp_ratio), {
    error: 'embed_dim * mlp_ratio must be whole',
    path: ['mlp_ratio'],
  })

export type Qwen2VlVisionConfig = z.infer<typeof qwen2VlVisionConfigSchema>
