import { expect, test } from 'vitest'
import { qwen2VlVisionConfigSchema } from '../../../../src/engine/families/qwen2-vl/vision-config.ts'

test("reads transformers' config and ignores unknown keys", () => {
  const config = qwen2VlVisionConfigSchema.parse({
    depth: 4,
    embed_dim: 128,
    num_heads: 4,
    hidden_size: 192,
    in_chans: 3,
    spatial_patch_size: 14,
    torch_dtype: 'bfloat16',
  })
  expect(config).toMatchObject({
    depth: 4,
    embed_dim: 128,
    mlp_ratio: 4,
    patch_size: 14,
    temporal_patch_size: 2,
    spatial_merge_size: 2,
    hidden_act: 'quick_gelu',
  })
  expect(config).not.toHaveProperty('spatial_patch_size')
})

test.each([
  { why: 'heads that do not divide the width', config: { embed_dim: 128, num_heads: 5 } },
  { why: 'heads that cannot hold two rotary axes', config: { embed_dim: 24, num_heads: 4 } },
  { why: 'another activation', config: { hidden_act: 'gelu' } },
  { why: 'four channels', config: { in_channels: 4 } },
  { why: 'no layers', config: { depth: 0 } },
  { why: 'a layer of a broken width', config: { embed_dim: 20, num_heads: 1, mlp_ratio: 0.33 } },
])('rejects $why', ({ config }) => {
  expect(qwen2VlVisionConfigSchema.safeParse(config).success).toBe(false)
})
