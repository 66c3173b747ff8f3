import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { modelManifestSchema } from '../../../src/shared/model-manifest.ts'
import type { JsonObject } from '../../helpers/checkpoint-folder.ts'

const demo = readFileSync(fileURLToPath(new URL('../../../resources/models/demo/tarsier-model.json', import.meta.url)), 'utf8')
const ofDemo = (): JsonObject => JSON.parse(demo)
/** The manifest of a version 1 model, with the demo's values where the families share them. */
function ofTarsier1(): JsonObject {
  const { vision, preprocessing, ...rest } = ofDemo()
  const { temporalPatchSize: _, headSize: __, ...shared } = vision
  const { mean, std } = preprocessing
  return {
    ...rest,
    family: 'tarsier',
    vision: { ...shared, imageSize: 336, classToken: false, rowSeparators: true, frameSeparator: true },
    preprocessing: { mean, std, square: 'stretch', shortestSide: 336 },
  }
}

test('accepts complete manifests of both families', () => {
  for (const value of [ofDemo(), ofTarsier1()]) expect(modelManifestSchema.safeParse(value).error).toBeUndefined()
})

test.each<[string, () => JsonObject, (value: JsonObject) => void]>([
  ['patches of a kilometre', ofDemo, ({ vision }) => (vision.patchSize = 1e6)],
  ['a token of a million patches', ofDemo, ({ vision }) => (vision.mergeSize = 1000)],
  ['heads of a million values', ofDemo, ({ vision }) => (vision.headSize = 1e6)],
  ['heads that cannot be rotated', ofDemo, ({ vision }) => (vision.headSize = 30)],
  ['rows of a million values', ofDemo, ({ vision }) => (vision.width = 1e6)],
  ['a clip of a million frames in one patch', ofDemo, ({ vision }) => (vision.temporalPatchSize = 1e6)],
  ['pictures that are made of a million pixels a side', ofDemo, ({ preprocessing }) => (preprocessing.minPixels = 1e12)],
  ['a minimum size above the maximum', ofDemo, ({ preprocessing }) => (preprocessing.minPixels = preprocessing.maxPixels + 1)],
  ['pictures of unlimited size', ofDemo, ({ preprocessing }) => (preprocessing.frameMaxPixels = 1e15)],
  ['a standard deviation of zero', ofDemo, ({ preprocessing }) => (preprocessing.std[1] = 0)],
  ['squares of a kilometre', ofTarsier1, ({ vision }) => (vision.imageSize = 1e6)],
  ['a side of a kilometre', ofTarsier1, ({ preprocessing }) => (preprocessing.shortestSide = 1e6)],
  ['a chat template of a megabyte', ofDemo, ({ prompt }) => (prompt.template = 'x'.repeat(1e6))],
  ['a question of a megabyte', ofDemo, ({ prompt }) => (prompt.describe = 'x'.repeat(1e6))],
])('rejects %s', (_, of, change) => {
  const value = of()
  change(value)
  expect(modelManifestSchema.safeParse(value).success).toBe(false)
})
