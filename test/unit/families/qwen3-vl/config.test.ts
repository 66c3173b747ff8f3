import { describe, expect, test } from 'vitest'
import { isQwen3VlConfig, languageForm, qwen3VlConfigOf } from '../../../../src/engine/families/qwen3-vl/config.ts'
import { rowWidth } from '../../../../src/engine/families/qwen3-vl/vision-config.ts'

/** Fields of the published config.json of Qwen3-VL-4B-Instruct. */
const published = {
  architectures: ['Qwen3VLForConditionalGeneration'],
  model_type: 'qwen3_vl',
  text_config: {
    attention_bias: false,
    head_dim: 128,
    hidden_act: 'silu',
    hidden_size: 2560,
    intermediate_size: 9728,
    max_position_embeddings: 262144,
    model_type: 'qwen3_vl_text',
    num_attention_heads: 32,
    num_hidden_layers: 36,
    num_key_value_heads: 8,
    rms_norm_eps: 1e-6,
    rope_scaling: { mrope_interleaved: true, mrope_section: [24, 20, 20], rope_type: 'default' },
    rope_theta: 5000000,
    vocab_size: 151936,
  },
  tie_word_embeddings: true,
  vision_config: {
    deepstack_visual_indexes: [5, 11, 17],
    depth: 24,
    hidden_act: 'gelu_pytorch_tanh',
    hidden_size: 1024,
    in_channels: 3,
    intermediate_size: 4096,
    num_heads: 16,
    num_position_embeddings: 2304,
    out_hidden_size: 2560,
    patch_size: 16,
    spatial_merge_size: 2,
    temporal_patch_size: 2,
  },
}
const { text_config: text, vision_config: vision } = published

describe('a config of Qwen3-VL', () => {
  test('is read as published, with heads that are together wider than the model', () => {
    const config = qwen3VlConfigOf(published, '/folder')
    expect(config.language).toMatchObject({ layers: 36, width: 2560, heads: 32, headSize: 128, tied: true, ropeSections: [24, 20, 20] })
    expect(rowWidth(config.vision)).toBe(4 * 2560)
    expect(languageForm(config)).toMatchObject({ architecture: 'qwen3vl', more: { n_deepstack_layers: { value: 3 } } })
  })

  test('is recognized by its model_type and architecture, but not with experts', () => {
    expect(isQwen3VlConfig(published)).toBe(true)
    expect(isQwen3VlConfig({ ...published, model_type: 'qwen3_vl_moe' })).toBe(false)
    expect(isQwen3VlConfig({ ...published, architectures: ['Qwen3VLForSequenceClassification'] })).toBe(false)
  })

  test.each([
    [{ quantization_config: { bits: 4 } }, 'model-unsupported'],
    [{ vision_config: { ...vision, out_hidden_size: 2048 } }, 'model-mismatch'],
    [{ vision_config: { ...vision, num_position_embeddings: 2305 } }, 'model-damaged'],
    [{ vision_config: { ...vision, deepstack_visual_indexes: [5, 24] } }, 'model-damaged'],
    [{ vision_config: { ...vision, deepstack_visual_indexes: [11, 5] } }, 'model-damaged'],
    [{ text_config: { ...text, num_hidden_layers: 3 } }, 'model-unsupported'],
    [{ text_config: { ...text, rope_scaling: { mrope_section: [24, 20, 19] } } }, 'model-damaged'],
  ])('is rejected with %j', (changed, code) => {
    expect(() => qwen3VlConfigOf({ ...published, ...changed }, '/folder')).toThrow(expect.objectContaining({ code }))
  })
})
