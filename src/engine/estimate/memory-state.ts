import { memoryLimit, ownMemory } from '../../platform/memory-limit.ts'
import type { DeviceChoice } from '../../shared/devices.ts'
import type { DevicesUsed } from '../../shared/engine-events.ts'
import type { Language } from '../language/types.ts'
import { contextOnGpu, NOTHING_OFFLOADED, type Offload } from './gpu-share.ts'
import type { MemoryNeeded } from './memory-needed.ts'
import type { ModelCosts } from './model-costs.ts'

/** What is in memory already of a run. */
export interface Resident {
  readonly parts: ReadonlySet<keyof MemoryNeeded>
  /** Bytes that they take of the machine's memory and that do not count as free; a file that is only mapped does. */
  readonly own: number
}

/** Bytes that a run may take beside what is resident. Infinite where that is not known. */
export interface MemoryLimits {
  readonly memory: number
  readonly gpu: number
}

export const NO_LIMITS: MemoryLimits = { memory: Number.POSITIVE_INFINITY, gpu: Number.POSITIVE_INFINITY }

/** The memory that a run starts from. Plain data, which crosses processes. */
export interface MemoryState {
  readonly offload: Offload
  readonly resident: Resident
  readonly limits: MemoryLimits
}

/** Nothing is loaded, and no limit is known: for estimating how much a run takes. */
export const UNLOADED: MemoryState = { offload: NOTHING_OFFLOADED, resident: { parts: new Set(), own: 0 }, limits: NO_LIMITS }

/** Limits that take the place of what machine and model say: tokens of a conversation, bytes of memory. */
export type GivenLimits = Partial<MemoryLimits & { readonly context: number }>

/**
 * The memory that a loaded model's next run starts from. `contextCells` is the size of the conversation's context, 0 where there is none yet: a
 * larger one is opened once it was given back, and so its part on a GPU counts as free.
 */
export async function loadedMemory(
  {
    language,
    costs,
    devices,
  }: { language: Pick<Language, 'gpuLayers' | 'layers' | 'freeGpuMemory'>; costs: ModelCosts; devices: DevicesUsed },
  contextCells: number,
  given: GivenLimits = {},
): Promise<MemoryState> {
  const { vision } = devices
  const offload = { layers: language.gpuLayers, of: language.layers, vision: vision !== 'cpu' && vision !== 'not needed' }
  const parts = new Set<keyof MemoryNeeded>(['program', 'languageWeights'])
  if (vision !== 'not needed') parts.add('visionWeights')
  if (contextCells > 0) parts.add('languageBuffers').add('visionBuffers')
  const gpuFree = async () => {
    if (offload.layers === 0 && !offload.vision) return Number.POSITIVE_INFINITY
    const free = given.gpu ?? (await language.freeGpuMemory()) ?? Number.POSITIVE_INFINITY
    return free + contextOnGpu(contextCells * costs.memory.language.cellBytes, offload)
  }
  return {
    offload,
    // A given limit is beside all that is in memory.
    resident: { parts, own: given.memory === undefined ? ownMemory() : 0 },
    limits: { memory: given.memory ?? memoryLimit(), gpu: await gpuFree() },
  }
}

/**
 * The memory that the first run of a model starts from which is not loaded yet. How much of it a GPU will hold shows only when it is loaded: where
 * there may be one, limits are not known. `freed` are bytes of the machine's memory that will be given back before it is loaded.
 */
export function unloadedMemory(
  device: DeviceChoice,
  gpuPossible: boolean,
  { freed = 0, given = {} }: { freed?: number; given?: GivenLimits },
): MemoryState {
  const known = device === 'cpu' || !gpuPossible
  return { ...UNLOADED, limits: { ...NO_LIMITS, memory: given.memory ?? (known ? memoryLimit() + freed : NO_LIMITS.memory) } }
}
