import { z } from 'zod'

const size = z.int().positive()

/**
 * Schema for the `vision_config` of a CLIP vision tower; other fields are ignored. The defaults are those of transformers, which omits
 * default values when it writes a file.
 */
export const clipVisionConfigSchema = z
  .object({
    hidden_size: size.default(768),
    intermediate_size: size.default(3072),
    num_hidden_layers: size.max(1024).default(12),
    num_attention_heads: size.default(12),
    num_channels: z.literal(3).default(3),
    image_size: size.max(8192).default(224),
    patch_size: size.default(32),
    hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    error: 'hidden_size must be a multiple of num_attention_heads',
    path: ['num_attention_heads'],
  })
  .refine((config) => config.image_size % config.patch_size === 0, {
    error: 'image_size must be a multiple of patch_size',
    path: ['image_size'],
  })

export type ClipVisionConfig = z.infer<typeof clipVisionConfigSchema>
