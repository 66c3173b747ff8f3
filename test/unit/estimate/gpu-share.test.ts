import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heldParts, memoryLimits, offloadOf } from '../../../src/engine/conversation/weigh-clip.ts'
import { contextOnGpu, NOTHING_OFFLOADED, shareOut } from '../../../src/engine/estimate/gpu-share.ts'
import { refusalOf } from '../../../src/engine/estimate/refusal.ts'
import { fitClip, type RunBeside, type RunLimits, scalesOf, weigh } from '../../../src/engine/estimate/scales.ts'
import { checkGguf } from '../../../src/engine/language/gguf-check.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import type { MemoryNeeded } from '../../../src/engine/models/memory-needed.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'

const directory = await resolveModel(DEMO_MODEL, '')
const manifest = await readManifest(directory)
const scales = scalesOf(manifest, await checkGguf(join(directory, manifest.language.file)))

const parts = {
  languageWeights: 2900,
  visionWeights: 700,
  context: 560,
  embeddings: 40,
  languageBuffers: 300,
  visionBuffers: 60,
  program: 400,
}
const needed: MemoryNeeded = { ...parts, total: 4960 }
const devices = (vision: string) => ({ vision, language: 'cuda', fallbacks: [] })

const frame = { width: 640, height: 480 }
const offload = { layers: 100, of: 100, vision: false }
const held = { parts: heldParts(devices('cpu'), false, undefined).parts, own: 1e12 }
const beside: RunBeside = { text: 50, pictures: 0, answer: 100, held, offload }
const limits: RunLimits = { context: 1e6, memory: 1e12, gpu: 1e12 }

describe('shareOut', () => {
  it('leaves everything in the machine’s memory without a GPU', () => {
    const { gpu, machine } = shareOut(needed, NOTHING_OFFLOADED)
    expect(machine).toEqual(parts)
    expect(Object.values(gpu).every((bytes) => bytes === 0)).toBe(true)
  })

  it('moves a whole language model with its context, and the tower where it is there', () => {
    const whole = shareOut(needed, { layers: 29, of: 29, vision: true })
    expect(whole.gpu).toEqual({ ...parts, embeddings: 0, program: 0 })
    expect(whole.machine).toEqual({ ...parts, languageWeights: 0, visionWeights: 0, context: 0, languageBuffers: 0, visionBuffers: 0 })
    expect(shareOut(needed, { layers: 29, of: 29, vision: false }).machine).toMatchObject({ visionWeights: 700, visionBuffers: 60 })
  })

  it('parts the cache by layers, of which the output is none; buffers are on both sides', () => {
    const { gpu, machine } = shareOut(needed, { layers: 15, of: 29, vision: false })
    expect(gpu).toMatchObject({ languageWeights: 1500, context: 280, languageBuffers: 300 })
    expect(machine).toMatchObject({ languageWeights: 1400, context: 280, languageBuffers: 300 })
    expect(shareOut(needed, { layers: 1, of: 29, vision: false }).gpu).toMatchObject({ languageWeights: 100, context: 0 })
  })

  it('loses no byte and makes none of the parts that are in one place at a time', () => {
    const layers = fc
      .integer({ min: 1, max: 100 })
      .chain((of) => fc.record({ of: fc.constant(of), layers: fc.nat(of + 900), vision: fc.boolean() }))
    fc.assert(
      fc.property(layers, fc.nat(1e12), fc.nat(1e12), (offload, weights, context) => {
        const { gpu, machine } = shareOut({ ...needed, languageWeights: weights, context }, offload)
        for (const part of ['languageWeights', 'visionWeights', 'context', 'embeddings', 'visionBuffers', 'program'] as const) {
          expect(gpu[part] + machine[part]).toBe({ ...needed, languageWeights: weights, context }[part])
          expect(Math.min(gpu[part], machine[part])).toBeGreaterThanOrEqual(0)
        }
        expect(gpu.context).toBe(contextOnGpu(context, offload))
      }),
    )
  })
})

describe('limits and what is held', () => {
  it('asks the GPU only where something is on it, and counts a context that will be given back as free', async () => {
    const language = { gpuLayers: 29, layers: 29, freeGpuMemory: async () => 5000 }
    const offload = offloadOf(devices('cuda'), language)
    expect(offload).toEqual({ layers: 29, of: 29, vision: true })
    expect(await memoryLimits(language, { held: 700, offload, given: { memory: 9 } })).toEqual({ memory: 9, gpu: 5700 })
    const quiet = { ...language, freeGpuMemory: async () => null }
    expect((await memoryLimits(quiet, { held: 700, offload, given: { memory: 9 } })).gpu).toBe(Number.POSITIVE_INFINITY)
    const none = offloadOf(devices('not needed'), { gpuLayers: 0, layers: 29 })
    expect(none.vision).toBe(false)
    const never = { freeGpuMemory: () => Promise.reject(new Error('asked')) }
    expect((await memoryLimits(never, { held: 0, offload: none, given: undefined })).gpu).toBe(Number.POSITIVE_INFINITY)
  })

  it('knows which parts are there, and how much the process has of its own', () => {
    const { parts, own } = heldParts(devices('not needed'), false, undefined)
    expect([...parts]).toEqual(['program', 'languageWeights'])
    expect(heldParts(devices('cpu'), true, { context: 9 }).parts.has('languageBuffers')).toBe(true)
    expect(heldParts(devices('cpu'), true, { memory: 9 }).own).toBe(0)
    if (process.platform === 'linux') expect(own).toBeGreaterThan(10e6)
    else expect(own).toBe(0)
  })

  it.each([
    ['only mapped, which the system counts as free', 0, 0],
    ['partly copied', 1e6, 1e6],
    ['there and more', 1e12, null],
  ])('needs no more memory for what is there than what is not free of it: %s', (_, own, less) => {
    const settings = { frames: 8, maxPixels: undefined }
    const held = { parts: new Set<keyof MemoryNeeded>(['program', 'languageWeights']), own }
    const { memory, further } = weigh(scales, frame, settings, { ...beside, held, offload: NOTHING_OFFLOADED }, limits)
    expect(memory.total - further).toBe(less ?? memory.program + memory.languageWeights)
  })
})

describe('a clip with its language model on a GPU', () => {
  const wanted = { frames: 64, maxPixels: undefined }
  const whole = weigh(scales, frame, wanted, beside, limits)

  it('needs its context and its buffers there, and the machine’s memory for the rest', () => {
    const { context, languageBuffers, embeddings, visionBuffers } = whole.memory
    expect(whole.gpu.further).toBe(context + languageBuffers)
    expect(whole.further).toBe(embeddings + visionBuffers)
    expect(whole.lacking).toBeNull()
  })

  it('is refused by the byte that is missing there, with the settings that would fit', () => {
    expect(weigh(scales, frame, wanted, beside, { ...limits, gpu: whole.gpu.further }).lacking).toBeNull()
    const short = { ...limits, gpu: whole.gpu.further - 1 }
    const weight = weigh(scales, frame, wanted, beside, short)
    expect(weight.lacking).toBe('gpu')
    const fitting = fitClip(scales, frame, wanted, beside, short, true)
    expect(fitting).not.toBeNull()
    if (fitting) expect(weigh(scales, frame, fitting, beside, short).lacking).toBeNull()
    expect(refusalOf(weight, { wanted, fitting, beside, limits: short })).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/of the GPU's memory.*It fits with/),
      details: { gpuNeeded: whole.gpu.further, gpuAvailable: whole.gpu.further - 1 },
    })
  })
})
