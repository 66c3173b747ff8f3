import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { towerForm } from '../../../src/engine/families/families.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { compareRows } from '../../../src/engine/vision/compare-rows.ts'
import { openTower } from '../../../src/engine/vision/open-tower.ts'
import type { VisionPrecision } from '../../../src/shared/model-manifest.ts'
import { CheckpointCopy } from '../../helpers/checkpoint-folder.ts'
import { formulaCheckpoint } from './formula-weights.ts'
import { streamed, type TowerCase, towerCases, towerFolder } from './tower-folder.ts'

const never = new AbortController().signal

async function rowsOf({ prefix, tensors, config, frames }: TowerCase, precision: VisionPrecision): Promise<Float32Array[]> {
  await using folder = await towerFolder(formulaCheckpoint(prefix, tensors), config, precision)
  await using tower = await openTower(folder.directory, folder.manifest, { form: towerForm(folder.manifest), device: 'cpu', signal: never })
  const rows: Float32Array[] = []
  for await (const embedded of tower.embed(streamed(frames), { frameCount: frames.length, signal: never })) rows.push(embedded.rows)
  return rows
}

describe.each(towerCases)('a quantized tower, $name', (fixture) => {
  test.each([
    ['int8', 0.9995, 0.999],
    ['int4', 0.96, 0.92],
  ] as const)('in %s gives rows close to those of 32 bits', async (precision, cosine, worst) => {
    const error = compareRows(await rowsOf(fixture, 'f32'), await rowsOf(fixture, precision), fixture.config.hidden_size, 1)
    expect(error.cosine).toBeGreaterThan(cosine)
    expect(error.worst).toBeGreaterThan(worst)
  })
})

test.each([
  ['f32', undefined],
  ['f16', 0.99999],
  ['int8', 0.995],
  ['int4', 0.9],
] as const)('an import in %s reports the difference from 32 bits, and leaves only the model', async (vision, cosine) => {
  await using copy = await CheckpointCopy.of('tied-heads-of-16')
  const directory = await importCheckpoint(copy.directory, { name: 'm', language: 'f16', vision, home: copy.home, signal: never })
  const { error, precision } = (await readManifest(directory)).vision
  expect(precision).toBe(vision)
  expect((await readdir(directory)).sort()).toEqual(['language.gguf', 'tarsier-model.json', 'vision.onnx'])
  if (cosine === undefined) return expect(error).toBeUndefined()
  expect(error).toMatchObject({ clips: 3 })
  expect(error?.cosine).toBeGreaterThan(cosine)
  expect(error?.worst).toBeGreaterThan(cosine - 0.1)
  if (vision.startsWith('int')) expect(error?.worst).toBeLessThan(1)
})
