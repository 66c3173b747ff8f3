import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideRun } from '../../../src/engine/estimate/decide-run.ts'
import {
  approximateTokens,
  estimateRun,
  fittingSettings,
  maxFrames,
  type RunRequest,
  towerGpuMemory,
} from '../../../src/engine/estimate/estimate-run.ts'
import { contextOnGpu, NOTHING_OFFLOADED, shareOut } from '../../../src/engine/estimate/gpu-share.ts'
import { type MemoryNeeded, towerMemory } from '../../../src/engine/estimate/memory-needed.ts'
import { loadedMemory, type MemoryState, NO_LIMITS, unloadedMemory } from '../../../src/engine/estimate/memory-state.ts'
import { readModelCosts } from '../../../src/engine/estimate/model-costs.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'

const directory = await resolveModel(DEMO_MODEL, '')
const manifest = await readManifest(directory)
const costs = await readModelCosts(directory, manifest)

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

const loaded: MemoryState = {
  offload: { layers: 100, of: 100, vision: false },
  resident: { parts: new Set(['program', 'languageWeights', 'visionWeights']), own: 1e12 },
  limits: NO_LIMITS,
}
const request: RunRequest = {
  costs,
  frame: { width: 640, height: 480 },
  settings: { frames: 64, maxPixels: undefined },
  fewerFrames: true,
  text: 50,
  otherClips: 0,
  answer: 100,
  contextLimit: 1e6,
  memory: loaded,
}
/** The same run with other memory. */
const withMemory = (memory: Partial<MemoryState>): RunRequest => ({ ...request, memory: { ...loaded, ...memory } })

describe('a tower on a GPU', () => {
  it('needs its weights and the buffers of its largest frame there', () => {
    const onGpu = { ...loaded.offload, vision: true }
    const { gpu } = estimateRun(withMemory({ offload: onGpu, resident: { parts: new Set(), own: 0 } }), { frames: 1, maxPixels: undefined })
    expect(towerGpuMemory(costs, 1)).toBeGreaterThanOrEqual(gpu.parts.visionWeights + gpu.parts.visionBuffers)
  })

  it('needs less for weights in 4 bits than on the CPU, which repacks them', () => {
    expect(towerMemory(1e6, 'int4', 'gpu')).toBeLessThan(towerMemory(1e6, 'int4'))
  })
})

describe('a tower whose usual run does not fit into memory', () => {
  const unopened = { offload: NOTHING_OFFLOADED, resident: { parts: new Set<never>(), own: 0 } }
  const { memory, further } = estimateRun(withMemory(unopened))
  const limits = { ...NO_LIMITS, memory: further - 1 }

  it('leaves its weights in their file, if it is not open yet', () => {
    expect(estimateRun(withMemory(unopened)).towerInFile).toBe(false)
    const tight = estimateRun(withMemory({ ...unopened, limits }))
    expect(tight).toMatchObject({ towerInFile: true, lacking: null })
    expect(tight.memory.visionWeights).toBeLessThan(memory.visionWeights / 4)
  })

  it('stays where it is once it is open', () => {
    expect(estimateRun(withMemory({ ...unopened, limits, towerInFile: false }))).toMatchObject({ towerInFile: false, lacking: 'memory' })
    expect(estimateRun(withMemory({ ...unopened, towerInFile: true })).towerInFile).toBe(true)
  })
})

describe('shareOut', () => {
  it('assigns everything to main memory without a GPU', () => {
    const { gpu, machine } = shareOut(needed, NOTHING_OFFLOADED)
    expect(machine).toEqual(parts)
    expect(Object.values(gpu).every((bytes) => bytes === 0)).toBe(true)
  })

  it('moves the whole language model with its context, and the tower if it is on the GPU', () => {
    const whole = shareOut(needed, { layers: 29, of: 29, vision: true })
    expect(whole.gpu).toEqual({ ...parts, embeddings: 0, program: 0 })
    expect(whole.machine).toEqual({ ...parts, languageWeights: 0, visionWeights: 0, context: 0, languageBuffers: 0, visionBuffers: 0 })
    expect(shareOut(needed, { layers: 29, of: 29, vision: false }).machine).toMatchObject({ visionWeights: 700, visionBuffers: 60 })
  })

  it('divides the cache by layers without the output layer; both sides have buffers', () => {
    const { gpu, machine } = shareOut(needed, { layers: 15, of: 29, vision: false })
    expect(gpu).toMatchObject({ languageWeights: 1500, context: 280, languageBuffers: 300 })
    expect(machine).toMatchObject({ languageWeights: 1400, context: 280, languageBuffers: 300 })
    expect(shareOut(needed, { layers: 1, of: 29, vision: false }).gpu).toMatchObject({ languageWeights: 100, context: 0 })
  })

  it('neither loses nor adds bytes, and clears parts that are in one place at a time', () => {
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

describe('the memory available to a run', () => {
  it('queries the GPU only if a part is on it, and counts a context that will be released as free', async () => {
    const language = { gpuLayers: 29, layers: 29, freeGpuMemory: async () => 5000 }
    const model = { language, costs, devices: devices('cuda') }
    const { cellBytes } = costs.memory.language
    expect(await loadedMemory(model, 7, { memory: 9 })).toMatchObject({
      offload: { layers: 29, of: 29, vision: true },
      limits: { memory: 9, gpu: 5000 + 7 * cellBytes },
    })
    const silent = { ...model, language: { ...language, freeGpuMemory: async () => null } }
    expect((await loadedMemory(silent, 7)).limits.gpu).toBe(Number.POSITIVE_INFINITY)
    const never = { gpuLayers: 0, layers: 29, freeGpuMemory: () => Promise.reject(new Error('asked')) }
    const none = await loadedMemory({ language: never, costs, devices: devices('not needed') }, 0)
    expect(none.offload.vision).toBe(false)
    expect(none.limits.gpu).toBe(Number.POSITIVE_INFINITY)
  })

  it('knows which parts are loaded, and the memory of the process', async () => {
    const language = { gpuLayers: 0, layers: 29, freeGpuMemory: async () => null }
    const { parts, own } = (await loadedMemory({ language, costs, devices: devices('not needed') }, 0)).resident
    expect([...parts]).toEqual(['program', 'languageWeights'])
    const used = { language, costs, devices: devices('cpu') }
    expect((await loadedMemory(used, 1, { context: 9 })).resident.parts.has('languageBuffers')).toBe(true)
    expect((await loadedMemory(used, 1, { memory: 9 })).resident.own).toBe(0)
    if (process.platform === 'linux') expect(own).toBeGreaterThan(10e6)
    else expect(own).toBe(0)
  })

  it('is limited before the model is loaded as well, unless a GPU may hold a part of it', () => {
    const { limits } = unloadedMemory('cpu', true, {})
    expect(limits.memory).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(unloadedMemory('auto', false, {}).limits.memory).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(unloadedMemory('auto', true, {}).limits).toEqual(NO_LIMITS)
    expect(unloadedMemory('auto', true, { given: { memory: 5 } }).limits.memory).toBe(5)
  })

  it.each([
    ['only mapped, which the system counts as free', 0, 0],
    ['partly copied', 1e6, 1e6],
    ['loaded and larger', 1e12, null],
  ])('counts only what is not already free for a loaded part: %s', (_, own, less) => {
    const resident = { parts: new Set<keyof MemoryNeeded>(['program', 'languageWeights']), own }
    const { memory, further } = estimateRun(withMemory({ resident, offload: NOTHING_OFFLOADED }))
    expect(memory.total - further).toBe(less ?? memory.program + memory.languageWeights)
  })
})

describe('a clip with its language model on a GPU', () => {
  const whole = estimateRun(request)
  const gpuLimit = (gpu: number) => withMemory({ limits: { ...NO_LIMITS, gpu } })

  it('needs its context and buffers there, and main memory for the rest', () => {
    const { context, languageBuffers, embeddings, visionBuffers } = whole.memory
    expect(whole.gpu.further).toBe(context + languageBuffers)
    expect(whole.further).toBe(embeddings + visionBuffers)
    expect(whole.lacking).toBeNull()
  })

  it('is rejected with the missing bytes there, and settings that fit', () => {
    expect(estimateRun(gpuLimit(whole.gpu.further)).lacking).toBeNull()
    const short = gpuLimit(whole.gpu.further - 1)
    expect(estimateRun(short).lacking).toBe('gpu')
    const fitting = fittingSettings(short)
    expect(fitting).not.toBeNull()
    if (fitting) expect(estimateRun(short, fitting).lacking).toBeNull()
    expect(decideRun(short, { mayShrink: false }).refusal).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/more GPU memory.*It fits with/),
      details: { gpuNeeded: whole.gpu.further, gpuAvailable: whole.gpu.further - 1 },
    })
  })
})

describe('maxFrames', () => {
  const missingBytes = (limited: RunRequest, frames: number) => estimateRun(limited, { ...limited.settings, frames }).lacking
  const needed = estimateRun(request, { ...request.settings, frames: 20 })

  it.each([
    ['context', { ...request, contextLimit: needed.visualTokens + request.text + 16 }],
    ['memory', withMemory({ limits: { ...NO_LIMITS, memory: needed.further } })],
    ['gpu', withMemory({ limits: { ...NO_LIMITS, gpu: needed.gpu.further } })],
  ] as const)('is the maximum that the %s allows', (limit, limited) => {
    expect(maxFrames(limited)).toBe(20)
    expect(missingBytes(limited, 20)).toBeNull()
    expect(missingBytes(limited, 21)).toBe(limit)
  })

  it('is 0 if not even one frame fits, the limit of the model if any number fits, and 256 for a model without one', () => {
    expect(maxFrames({ ...request, contextLimit: 10 })).toBe(0)
    expect(maxFrames(request)).toBe(64)
    expect(maxFrames({ ...request, costs: { ...request.costs, maxFrames: Number.POSITIVE_INFINITY } })).toBe(256)
  })
})

// Tokens that Qwen's tokenizer and that of Llama count.
it.each([
  ['A man in a red shirt walks across the street and opens the door of a small shop.', 19, 19],
  ['一名身穿红色衬衫的男子穿过街道，打开一家小店的门，向柜台后面的女子问好。随后他选购水果，付款离开。', 30, 60],
  ['赤いシャツを着た男性が通りを渡り、小さな店のドアを開け、カウンターの後ろの女性に挨拶する。', 35, 50],
  ['빨간 셔츠를 입은 남자가 길을 건너 작은 가게의 문을 열고 카운터 뒤의 여자에게 인사한다.', 39, 59],
  ['लाल कमीज़ पहने एक आदमी सड़क पार करता है, एक छोटी दुकान का दरवाज़ा खोलता है और महिला को नमस्ते कहता है।', 96, 107],
  ['12:34:56 1999 3.14159', 21, 22],
])('estimates about as many tokens for "%s" as it has, or more', (text, qwen, llama) => {
  expect(approximateTokens(text)).toBeGreaterThanOrEqual(0.9 * Math.max(qwen, llama))
  expect(approximateTokens(text)).toBeLessThanOrEqual(2.5 * Math.max(qwen, llama))
})
