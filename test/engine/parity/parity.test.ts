import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import type { Trace } from '../../../src/engine/engine-client.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import type { VisionPrecision } from '../../../src/shared/model-manifest.ts'
import { type CheckpointName, checkpointPath, llavaNames, qwen2VlNames } from '../../helpers/checkpoint-folder.ts'
import { readTensors, type Tensors } from '../../helpers/safetensors-file.ts'

/** The whole engine against what transformers, Pillow and decord make of the same (make_fixtures.py and tarsier1_fixtures.py in tools/reference). */
const fixtures = new URL('../../fixtures/parity/', import.meta.url)
const CROP = 28

type Expected = Omit<Trace, 'model' | 'device'> & {
  readonly frames: number
  readonly sampler: 'uniform' | 'middle'
  readonly size: readonly [height: number, width: number]
}

function expectedOf(name: CheckpointName): { trace: Expected; tensors: Tensors } {
  const trace: Expected = JSON.parse(readFileSync(new URL(`expected/${name}.json`, fixtures), 'utf8'))
  return { trace, tensors: readTensors(readFileSync(new URL(`expected/${name}.safetensors`, fixtures))) }
}

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-parity-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

async function traced(name: CheckpointName, vision: VisionPrecision) {
  const signal = new AbortController().signal
  const model = `${name}-${vision}`
  await importCheckpoint(checkpointPath(name), { name: model, language: 'f32', vision, home, signal })
  const { trace: wanted } = expectedOf(name)
  const out = join(home, 'traces', model)
  await using engine = new Engine({ model, device: 'cpu', home, cache: false })
  const path = fileURLToPath(new URL(`clips/${wanted.clip}`, fixtures))
  const clip = { path, frames: { kind: wanted.sampler, count: wanted.frames } }
  const trace = await engine.trace({ clip, prompt: wanted.prompt, maxTokens: wanted.generated.length, out }, signal)
  return { trace, tensors: readTensors(await readFile(join(out, 'tensors.safetensors'))) }
}

function greatestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((greatest, value, i) => Math.max(greatest, Math.abs(value - (b[i] ?? 0))), 0)
}

/** Norm of the difference as a part of the norm of what is expected. */
function relative(actual: Float32Array, expected: Float32Array): number {
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  return norm(actual.map((value, i) => value - (expected[i] ?? 0))) / norm(expected)
}

function leastCosine(a: Float32Array, b: Float32Array, width: number): number {
  let least = 1
  for (let row = 0; row < a.length; row += width) {
    let [ab, aa, bb] = [0, 0, 0]
    for (let i = row; i < row + width; i++) {
      const [x, y] = [a[i] ?? 0, b[i] ?? 0]
      ab += x * y
      aa += x * x
      bb += y * y
    }
    least = Math.min(least, ab / Math.sqrt(aa * bb))
  }
  return least
}

/** The middle of every frame, and every frame's mean colour: the fixtures hold no more of the pictures. */
function summary(bytes: Uint8Array, [count = 0, height = 0, width = 0]: readonly number[]) {
  const [top, left] = [(height - CROP) >> 1, (width - CROP) >> 1]
  const crops = new Uint8Array(count * CROP * CROP * 3)
  const means: number[] = []
  for (let frame = 0; frame < count; frame++) {
    const pixels = bytes.subarray(frame * height * width * 3, (frame + 1) * height * width * 3)
    for (let row = 0; row < CROP; row++) {
      const from = ((top + row) * width + left) * 3
      crops.set(pixels.subarray(from, from + CROP * 3), (frame * CROP + row) * CROP * 3)
    }
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0
      for (let i = channel; i < pixels.length; i += 3) sum += pixels[i] ?? 0
      means.push(sum / (height * width))
    }
  }
  return { crops, means }
}

describe.each([...qwen2VlNames, ...llavaNames])('%s', (name) => {
  it('is the reference’s at every stage', async () => {
    const wanted = expectedOf(name)
    const { trace, tensors } = await traced(name, 'f32')
    expect(trace.indices).toEqual(wanted.trace.indices)
    for (const [i, time] of trace.times.entries()) expect(time).toBeCloseTo(wanted.trace.times[i] ?? Number.NaN, 6)
    expect(trace.grid).toEqual(wanted.trace.grid)
    expect(trace.tokens).toEqual(wanted.trace.tokens)

    expect(tensors.shape('frames')).toEqual([trace.indices.length, ...wanted.trace.size, 3])
    const { crops, means } = summary(tensors.bytes('frames'), tensors.shape('frames'))
    expect(Buffer.compare(crops, wanted.tensors.bytes('crops'))).toBe(0)
    expect(greatestDifference(Float32Array.from(means), wanted.tensors.floats('means'))).toBeLessThan(1e-4)

    expect(tensors.shape('positions')).toEqual([3, trace.tokens.length])
    expect(Buffer.compare(tensors.bytes('positions'), wanted.tensors.bytes('positions'))).toBe(0)
    expect(tensors.shape('embeddings')).toEqual(wanted.tensors.shape('embeddings'))
    expect(relative(tensors.floats('embeddings'), wanted.tensors.floats('embeddings'))).toBeLessThan(1e-5)
    expect(greatestDifference(tensors.floats('logits'), wanted.tensors.floats('logits'))).toBeLessThan(1e-2)
    expect(trace.generated).toEqual(wanted.trace.generated)
    expect(trace.generated.length).toBeGreaterThanOrEqual(24)
    expect(trace.text).toBe(wanted.trace.text)
  })

  it('is near it with the tower in f16', async () => {
    const { tensors } = await traced(name, 'f16')
    const wanted = expectedOf(name).tensors
    const [, width = 0] = wanted.shape('embeddings')
    expect(leastCosine(tensors.floats('embeddings'), wanted.floats('embeddings'), width)).toBeGreaterThan(0.9995)
  })
})
