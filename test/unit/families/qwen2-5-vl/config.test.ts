import { describe, expect, test } from 'vitest'
import { familyOfConfig } from '../../../../src/engine/families/families.ts'
import { isQwen25VlConfig, qwen25VlConfigOf } from '../../../../src/engine/families/qwen2-5-vl/config.ts'
import { windowPatches } from '../../../../src/engine/families/qwen2-5-vl/vision-config.ts'

/** Fields of the published config.json of Qwen2.5-VL-3B-Instruct. */
const published = {
  architectures: ['Qwen2_5_VLForConditionalGeneration'],
  model_type: 'qwen2_5_vl',
  hidden_act: 'silu',
  hidden_size: 2048,
  intermediate_size: 11008,
  max_position_embeddings: 128000,
  num_attention_heads: 16,
  num_hidden_layers: 36,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
  rope_theta: 1000000,
  sliding_window: 32768,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vision_config: {
    depth: 32,
    hidden_act: 'silu',
    hidden_size: 1280,
    intermediate_size: 3420,
    num_heads: 16,
    in_chans: 3,
    out_hidden_size: 2048,
    patch_size: 14,
    spatial_merge_size: 2,
    spatial_patch_size: 14,
    window_size: 112,
    fullatt_block_indexes: [7, 15, 23, 31],
    tokens_per_second: 2,
    temporal_patch_size: 2,
  },
  vocab_size: 151936,
}

describe('a config of Qwen2.5-VL', () => {
  test('is read as published', () => {
    const { language, vision } = qwen25VlConfigOf(published, '/folder')
    expect(language).toMatchObject({ layers: 36, width: 2048, heads: 16, keyValueHeads: 2, tied: true, ropeSections: [16, 24, 24] })
    expect(vision).toMatchObject({ depth: 32, hidden_size: 1280, fullatt_block_indexes: [7, 15, 23, 31], tokens_per_second: 2 })
    expect(windowPatches(vision)).toBe(8)
  })

  test('is recognized by its model_type and architecture', () => {
    expect(isQwen25VlConfig(published)).toBe(true)
    expect(isQwen25VlConfig({ ...published, architectures: ['Qwen2_5_VLForSequenceClassification'] })).toBe(false)
    expect(isQwen25VlConfig({ ...published, model_type: 'qwen2_vl' })).toBe(false)
  })

  test.each([
    [{ quantization_config: { bits: 4 } }, 'model-unsupported'],
    [{ use_sliding_window: true }, 'model-unsupported'],
    [{ vision_config: { ...published.vision_config, out_hidden_size: 3584 } }, 'model-mismatch'],
    [{ vision_config: { ...published.vision_config, window_size: 27 } }, 'model-damaged'],
    [{ rope_scaling: { type: 'mrope' } }, 'model-damaged'],
  ])('is rejected with %j', (changed, code) => {
    expect(() => qwen25VlConfigOf({ ...published, ...changed }, '/folder')).toThrow(expect.objectContaining({ code }))
  })

  test('of another model is rejected with what was found and what all families accept', () => {
    expect(() =>
      familyOfConfig({ model_type: 'qwen3_vl_moe', architectures: ['Qwen3VLMoeForConditionalGeneration'] }, 'a/config.json'),
    ).toThrow(
      /^a\/config\.json: found model_type "qwen3_vl_moe", architecture Qwen3VLMoeForConditionalGeneration\. Supported are Qwen2-VL .*Qwen2\.5-VL .*Qwen3-VL without experts .*LLaVA/,
    )
  })
})
