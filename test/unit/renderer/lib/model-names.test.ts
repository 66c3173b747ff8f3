import { expect, test } from 'vitest'
import { formFirst, modelName, suggestedModel } from '../../../../src/renderer/lib/model-names.ts'
import type { CatalogueForm, CatalogueModel } from '../../../../src/shared/contract/models.ts'

test('suggests a short, plain and free name', () => {
  const model = { repository: 'some-org/Big Model_7B' }
  expect(modelName(model, { language: 'q4_k_m' }, [])).toBe('big-model_7b-q4_k_m')
  expect(modelName(model, { language: 'q4_k_m' }, ['big-model_7b-q4_k_m'])).toBe('big-model_7b-q4_k_m-2')
})

test('suggests the first model that fits the machine, otherwise the one that needs the least memory', () => {
  const form = (bytes: number, recommended = false) => ({ bytes, memory: 2 * bytes, recommended }) as CatalogueForm
  const model = (repository: string, ...forms: CatalogueForm[]) => ({ repository, forms }) as unknown as CatalogueModel
  const [large, fitting, small] = [model('large', form(9)), model('fitting', form(5), form(6, true)), model('small', form(3), form(2))]
  expect(suggestedModel([large, small, fitting])?.repository).toBe('fitting')
  expect(formFirst(fitting)?.bytes).toBe(6)
  expect(suggestedModel([large, small])?.repository).toBe('small')
  expect(formFirst(small)?.bytes).toBe(2)
  expect(suggestedModel([])).toBeUndefined()
})
