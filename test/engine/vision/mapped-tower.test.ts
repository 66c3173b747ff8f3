import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { describe, expect, test } from 'vitest'
import { towerForm } from '../../../src/engine/families/families.ts'
import { withLateCasts } from '../../../src/engine/vision/late-casts.ts'
import { openTower } from '../../../src/engine/vision/open-tower.ts'
import type { Tarsier2Manifest } from '../../../src/shared/model-manifest.ts'
import { formulaCheckpoint } from './formula-weights.ts'
import { relativeError, streamed, towerCase, towerFolder } from './tower-folder.ts'

const signal = new AbortController().signal
const { prefix, tensors, config, frames } = towerCase('head16')
const source = formulaCheckpoint(prefix, tensors)

async function rowsOf(directory: string, manifest: Tarsier2Manifest, mapped: boolean): Promise<readonly Float32Array[]> {
  await using tower = await openTower(directory, manifest, { form: towerForm(manifest), device: 'cpu', mapped, signal })
  expect(tower.fallbacks.filter((text) => text.includes('stay in their file'))).toHaveLength(mapped ? 1 : 0)
  const rows: Float32Array[] = []
  for await (const embedded of tower.embed(streamed(frames), { frameCount: frames.length, signal })) rows.push(embedded.rows)
  return rows
}

describe('a tower whose weights stay in their file', () => {
  test.each(['f32', 'f16'] as const)('gives the rows of one in memory, in %s', async (precision) => {
    await using folder = await towerFolder(source, config, precision)
    const [prepared, mapped] = [
      await rowsOf(folder.directory, folder.manifest, false),
      await rowsOf(folder.directory, folder.manifest, true),
    ]
    expect(mapped).toHaveLength(frames.length)
    for (const [at, rows] of mapped.entries()) expect(relativeError(rows, prepared[at] ?? new Float32Array())).toBeLessThan(1e-5)
  })

  test('says before the trial and before each run that it will take memory', async () => {
    await using folder = await towerFolder(source, config, 'f16')
    const { directory, manifest } = folder
    let calls = 0
    const beforeRun = () => void calls++
    await using tower = await openTower(directory, manifest, { form: towerForm(manifest), device: 'cpu', mapped: true, beforeRun, signal })
    expect(calls).toBe(1)
    for await (const _ of tower.embed(streamed(frames.slice(0, 1)), { frameCount: 1, signal })) expect(calls).toBe(2)
  })

  test('converts a 16-bit matrix only once the input of its layer is computed', async () => {
    await using folder = await towerFolder(source, config, 'f16')
    const bytes = await readFile(join(folder.directory, 'vision.onnx'))
    const before = operators(bytes)
    const after = operators(withLateCasts(bytes))
    expect(before.filter((name) => name === 'Cast').length).toBeGreaterThan(10)
    expect(after).not.toContain('Cast')
    expect(after.filter((name) => name === 'If')).toHaveLength(before.filter((name) => name === 'Cast').length)
  })

  test('needs no change of a graph without 16-bit matrices', async () => {
    await using folder = await towerFolder(source, config, 'f32')
    const bytes = await readFile(join(folder.directory, 'vision.onnx'))
    expect(withLateCasts(bytes)).toBe(bytes)
  })
})

function operators(bytes: Uint8Array): (string | null | undefined)[] {
  return (onnxProto.onnx.ModelProto.decode(bytes).graph?.node ?? []).map(({ opType }) => opType)
}
