import { expect, test } from 'vitest'
import { isQwen2VlConfig } from '../../../../src/engine/families/qwen2-vl/config.ts'

test('architectures may be missing or null, as transformers writes a config without a model', () => {
  expect(isQwen2VlConfig({ model_type: 'qwen2_vl' })).toBe(true)
  expect(isQwen2VlConfig({ model_type: 'qwen2_vl', architectures: null })).toBe(true)
  expect(isQwen2VlConfig({ model_type: 'qwen2_vl', architectures: ['Qwen2VLForSequenceClassification'] })).toBe(false)
})
