import { z } from 'zod'

const size = z.int().positive()

/**
 * Schema for the `vision_config` of a Qwen2.5-VL checkpoint's config.json; other fields are ignored. The defaults are those of transformers' config
 * class, for writers that omit default values.
 */
export const qwen25VlVisionConfigSchema = z
  .object({
    depth: size.max(1024).default(32),
    /** Width of the tower's layers. */
    hidden_size: size.default(3584),
    intermediate_size: size.default(3420),
    num_heads: size.default(16),
    hidden_act: z.literal('silu').default('silu'),
    /** Width of the output rows, which is the language model's. */
    out_hidden_size: size.default(3584),
    patch_size: size.default(14),
    temporal_patch_size: size.default(2),
    spatial_merge_size: size.default(2),
    /** Side of a window of attention, in pixels. */
    window_size: size.default(112),
    /** Layers whose attention is over the whole frame. */
    fullatt_block_indexes: z.array(z.int().min(0)).default([7, 15, 23, 31]),
    /** Positions in time per second. */
    tokens_per_second: z.number().positive().default(4),
    in_channels: z.literal(3).optional(),
    /** Older name of `in_channels`. */
    in_chans: z.literal(3).optional(),
    rope_parameters: z.object({ rope_theta: z.literal(10000).optional(), rope_type: z.literal('axial').optional() }).nullish(),
  })
  .refine((config) => config.hidden_size % config.num_heads === 0, {
    error: 'hidden_size must be a multiple of num_heads',
    path: ['num_heads'],
  })
  .refine((config) => (config.hidden_size / config.num_heads) % 4 === 0, {
    error: 'the size of a head (hidden_size / num_heads) must be a multiple of 4 for the two-dimensional rotary positions',
    path: ['num_heads'],
  })
  .refine((config) => windowTokens(config) > 0, {
    error: 'window_size must be at least the size of a token (patch_size * spatial_merge_size)',
    path: ['window_size'],
  })

export type Qwen25VlVisionConfig = z.infer<typeof qwen25VlVisionConfigSchema>

interface WindowSizes {
  readonly window_size: number
  readonly spatial_merge_size: number
  readonly patch_size: number
}

/** Patches along each side of a window. */
export function windowPatches(config: WindowSizes): number {
  return windowTokens(config) * config.spatial_merge_size
}

/** Tokens along each side of a window, rounded as in transformers. */
function windowTokens({ window_size: window, spatial_merge_size: merge, patch_size: patch }: WindowSizes): number {
  return Math.floor(Math.floor(window / merge) / patch)
}
