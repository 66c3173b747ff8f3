import { describe, expect, test } from 'vitest'
import { isLlavaConfig, readLlavaConfig } from '../../../../src/engine/families/llava/config.ts'
import { TarsierError } from '../../../../src/shared/errors.ts'

/** Tarsier-7b's config.json, which omits transformers' defaults. */
const tarsier7b = {
  architectures: ['TarsierForConditionalGeneration'],
  ignore_index: -100,
  image_newline_idx: 32002,
  image_new_idx: 32003,
  image_token_index: 32000,
  model_type: 'llava',
  pad_token_id: 32001,
  projector_hidden_act: 'gelu',
  text_config: { model_type: 'llama', max_position_embeddings: 4096, rms_norm_eps: 1e-5, vocab_size: 32064 },
  vision_config: {
    model_type: 'clip_vision_model',
    hidden_size: 1024,
    image_size: 336,
    intermediate_size: 4096,
    num_attention_heads: 16,
    num_hidden_layers: 24,
    patch_size: 14,
  },
  vision_feature_layer: -2,
  vision_feature_select_strategy: 'default',
}
const text = (more: object) => ({ text_config: { ...tarsier7b.text_config, ...more } })
const vision = (more: object) => ({ vision_config: { ...tarsier7b.vision_config, ...more } })
const read = (change: object = {}) => readLlavaConfig({ ...tarsier7b, ...change }, 'folder')

test("reads Tarsier-7b: CLIP without its last layer and class token, Vicuna's sizes, both separators", () => {
  const { tower, language, padding } = read()
  expect(tower).toMatchObject({ layers: 23, classToken: false, projection: 'MLP', width: 4096, rowSeparator: 32002, frameSeparator: 32003 })
  expect(language).toMatchObject({
    architecture: 'llama',
    layers: 32,
    width: 4096,
    feedForward: 11008,
    heads: 32,
    keyValueHeads: 32,
    context: 4096,
    vocabulary: 32064,
    normEpsilon: 1e-5,
  })
  expect(padding).toBeUndefined()
})

test("uses the separators of the architecture's code when the ids are missing", () => {
  expect(read({ image_newline_idx: undefined, image_new_idx: undefined }).tower).toMatchObject({
    rowSeparator: 32002,
    frameSeparator: 32003,
  })
})

test('uses separators when only an id is given; LLaVA itself has none', () => {
  const llava = { architectures: ['LlavaForConditionalGeneration'], image_new_idx: undefined }
  expect(read({ ...llava, image_newline_idx: 7 }).tower).toMatchObject({ rowSeparator: 7, frameSeparator: 32003 })
  expect(read({ ...llava, image_newline_idx: undefined }).tower).toMatchObject({ rowSeparator: null, frameSeparator: null })
})

test.each([
  { layer: -1, layers: 24 },
  { layer: -25, layers: 0 },
  { layer: 24, layers: 24 },
  { layer: 0, layers: 0 },
])('vision_feature_layer $layer uses the output of $layers layers', ({ layer, layers }) => {
  expect(read({ vision_feature_layer: layer }).tower.layers).toBe(layers)
})

test('without a projector the rows are the tower’s output', () => {
  const { tower } = read({ projection_head: null, ...text({ hidden_size: 1024 }) })
  expect(tower).toMatchObject({ projection: 'none', width: 1024, rowSeparator: null, frameSeparator: null })
})

test('the full strategy keeps the class token of a LLaVA', () => {
  const change = { architectures: null, image_newline_idx: null, image_new_idx: null, vision_feature_select_strategy: 'full' }
  expect(read(change).tower).toMatchObject({ classToken: true, rowSeparator: null })
})

test('scales linear positions, and ignores a rope without effect', () => {
  expect(read(text({ rope_scaling: { type: 'linear', factor: 4 } })).language).toMatchObject({ ropeLinearFactor: 4, ropeTheta: undefined })
  expect(read(text({ rope_parameters: { rope_type: 'default', rope_theta: 5e6 } })).language).toMatchObject({
    ropeLinearFactor: undefined,
    ropeTheta: 5e6,
  })
})

describe('rejects with the found and the accepted value', () => {
  test.each([
    ['several layers', { vision_feature_layer: [-2, -5] }, 'model-unsupported', /list \(-2, -5\); only a single layer number/],
    ['a layer beyond the tower', { vision_feature_layer: -26 }, 'model-unsupported', /-26; only -25 to 24/],
    ['another strategy', { vision_feature_select_strategy: 'patch' }, 'model-unsupported', /"patch"; only "default" and "full"/],
    ['rows with the class token', { vision_feature_select_strategy: 'full' }, 'model-unsupported', /class token.*"default"/],
    ['another projector', { projection_head: 'auto_map' }, 'model-unsupported', /"auto_map"; only "MLP", "Pixel_Shuffle" and null/],
    ['another activation', { projector_hidden_act: 'relu' }, 'model-unsupported', /"relu"; only "gelu"/],
    ['an odd grid to shuffle', { projection_head: 'Pixel_Shuffle', ...vision({ image_size: 350 }) }, 'model-unsupported', /25 by 25/],
    ['no projector between unlike widths', { projection_head: null }, 'model-mismatch', /1024.*4096/],
    ['another architecture', { architectures: ['LlavaNextForConditionalGeneration'] }, 'model-unsupported', /LlavaNext.*Tarsier/],
    ['quantized weights', { quantization_config: { bits: 4 } }, 'model-unsupported', /quantization_config/],
    ['a separator beyond the vocabulary', { image_new_idx: 32064 }, 'model-damaged', /image_new_idx is 32064, but vocab_size is 32064/],
    ['another kind of position scaling', text({ rope_scaling: { type: 'dynamic', factor: 2 } }), 'model-unsupported', /"dynamic"/],
    ['biases', text({ attention_bias: true }), 'model-unsupported', /attention_bias/],
    ['heads that do not divide the width', text({ num_attention_heads: 30 }), 'model-damaged', /4096.*30/],
    ['Qwen2 heads of another size', text({ model_type: 'qwen2', head_dim: 64 }), 'model-unsupported', /head_dim is 64/],
    ['a tower’s heads', vision({ num_attention_heads: 15 }), 'model-damaged', /num_attention_heads/],
    ['another tower’s activation', vision({ hidden_act: 'silu' }), 'model-damaged', /hidden_act/],
  ])('%s', (_, change, code, sentence) => {
    const failure = (() => {
      try {
        return read(change)
      } catch (error) {
        return error
      }
    })()
    expect(failure).toBeInstanceOf(TarsierError)
    expect(failure).toMatchObject({ code, message: expect.stringMatching(sentence) })
  })
})

test('rejects other towers and language models', () => {
  expect(isLlavaConfig(tarsier7b)).toBe(true)
  expect(isLlavaConfig({ model_type: 'llava' })).toBe(true)
  for (const change of [vision({ model_type: 'siglip_vision_model' }), text({ model_type: 'mistral' }), { model_type: 'llava_next' }])
    expect(isLlavaConfig({ ...tarsier7b, ...change })).toBe(false)
  expect(isLlavaConfig({ ...tarsier7b, ...vision({ model_type: 'qwen2_vl' }), ...text({ model_type: 'qwen2_vl' }) })).toBe(false)
  expect(isLlavaConfig(null)).toBe(false)
})
