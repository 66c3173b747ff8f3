import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VisionPrecision } from '../../../src/shared/model-manifest.ts'
import { type CheckpointName, llavaNames, qwen2VlNames } from '../../helpers/checkpoint-folder.ts'
import { expectedOf, largestDifference, relative, smallestCosine, traceOf } from '../../helpers/parity.ts'

/** The whole engine on the CPU against the reference; `test/gpu` tests other devices. */
const CROP = 28

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-parity-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

const traced = (name: CheckpointName, vision: VisionPrecision) => traceOf(name, { home, language: 'f32', vision, device: 'cpu' })

/** The middle of every frame, and every frame's mean color: the fixtures contain only these. */
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
  it('equals the reference at every stage', async () => {
    const wanted = expectedOf(name)
    const { trace, tensors } = await traced(name, 'f32')
    expect(trace.indices).toEqual(wanted.trace.indices)
    for (const [i, time] of trace.times.entries()) expect(time).toBeCloseTo(wanted.trace.times[i] ?? Number.NaN, 6)
    expect(trace.grid).toEqual(wanted.trace.grid)
    expect(trace.tokens).toEqual(wanted.trace.tokens)

    expect(tensors.shape('frames')).toEqual([trace.indices.length, ...wanted.trace.size, 3])
    const { crops, means } = summary(tensors.bytes('frames'), tensors.shape('frames'))
    expect(Buffer.compare(crops, wanted.tensors.bytes('crops'))).toBe(0)
    expect(largestDifference(Float32Array.from(means), wanted.tensors.floats('means'))).toBeLessThan(1e-4)

    expect(tensors.shape('positions')).toEqual([3, trace.tokens.length])
    expect(Buffer.compare(tensors.bytes('positions'), wanted.tensors.bytes('positions'))).toBe(0)
    expect(tensors.shape('embeddings')).toEqual(wanted.tensors.shape('embeddings'))
    expect(relative(tensors.floats('embeddings'), wanted.tensors.floats('embeddings'))).toBeLessThan(1e-5)
    expect(largestDifference(tensors.floats('logits'), wanted.tensors.floats('logits'))).toBeLessThan(1e-2)
    expect(trace.generated).toEqual(wanted.trace.generated)
    expect(trace.generated.length).toBeGreaterThanOrEqual(24)
    expect(trace.text).toBe(wanted.trace.text)
  })

  it('is close with the tower in f16', async () => {
    const { tensors } = await traced(name, 'f16')
    const wanted = expectedOf(name).tensors
    const [, width = 0] = wanted.shape('embeddings')
    expect(smallestCosine(tensors.floats('embeddings'), wanted.floats('embeddings'), width)).toBeGreaterThan(0.9995)
  })
})
