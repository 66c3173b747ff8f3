import { expect, test } from 'vitest'
import { modelName } from '../../../../src/renderer/lib/model-names.ts'

test('suggests a short, plain and free name', () => {
  const model = { repository: 'some-org/Big Model_7B' }
  expect(modelName(model, { language: 'q4_k_m' }, [])).toBe('big-model_7b-q4_k_m')
  expect(modelName(model, { language: 'q4_k_m' }, ['big-model_7b-q4_k_m'])).toBe('big-model_7b-q4_k_m-2')
})
