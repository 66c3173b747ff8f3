import { memoryLimit, ownMemory } from '../../platform/memory-limit.ts'
import type { DeviceChoice } from '../../shared/devices.ts'
import type { DevicesUsed } from '../../shared/engine-events.ts'
import type { Language } from '../language/types.ts'
import { contextOnGpu, NOTHING_OFFLOADED, type Offload } from './gpu-share.ts'
import type { MemoryNeeded } from './memory-needed.ts'
import type { ModelCosts } from './model-costs.ts'

/** The parts of a run that are already in memory. */
export interface Resident {
  readonly parts: ReadonlySet<keyof MemoryNeeded>
  /** Bytes of main memory that they occupy and that do not count as free; memory-mapped files do count as free. */
  readonly own: number
}

/** Bytes that a run may allocate in addition to what is resident. Infinite if unknown. */
export interface MemoryLimits {
  readonly memory: number
  readonly gpu: number
}

export const NO_LIMITS: MemoryLimits = { memory: Number.POSITIVE_INFINITY, gpu: Number.POSITIVE_INFINITY }

/** State of memory at the start of a run. Plain data that is sent between processes. */
export interface MemoryState {
  readonly offload: Offload
  readonly resident: Resident
  readonly limits: MemoryLimits
  /** Whether the tower's weights stay in their file. If it is not known, they do if a run does not fit otherwise. */
  readonly towerInFile?: boolean | undefined
}

/** State with nothing loaded and no limits, for estimating the needs of a run. */
export const UNLOADED: MemoryState = { offload: NOTHING_OFFLOADED, resident: { parts: new Set(), own: 0 }, limits: NO_LIMITS }

/** Limits that override those of the machine and model: tokens of a conversation, bytes of memory. */
export type RequestedLimits = Partial<MemoryLimits & { readonly context: number }>

/**
 * State of memory at the start of the next run of a loaded model. `contextCells` is the size of the conversation's context, 0 if there is none.
 * A larger context is opened after the old one is freed, so the old one's share on a GPU counts as free.
 */
export async function loadedMemory(
  {
    language,
    costs,
    devices,
    towerInFile,
  }: {
    language: Pick<Language, 'gpuLayers' | 'layers' | 'freeGpuMemory'>
    costs: ModelCosts
    devices: DevicesUsed
    towerInFile?: boolean | undefined
  },
  contextCells: number,
  given: RequestedLimits = {},
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
    // A given limit applies in addition to everything in memory.
    resident: { parts, own: given.memory === undefined ? ownMemory() : 0 },
    limits: { memory: given.memory ?? memoryLimit(), gpu: await gpuFree() },
    towerInFile,
  }
}

/**
 * State of memory at the start of the first run of a model that is not loaded. Its share on a GPU is known only after loading, so limits are
 * unknown if there may be a GPU. `freed` is the number of bytes of main memory that will be freed before loading.
 */
export function unloadedMemory(
  device: DeviceChoice,
  gpuPossible: boolean,
  { freed = 0, given = {} }: { freed?: number; given?: RequestedLimits },
): MemoryState {
  const known = device === 'cpu' || !gpuPossible
  return { ...UNLOADED, limits: { ...NO_LIMITS, memory: given.memory ?? (known ? memoryLimit() + freed : NO_LIMITS.memory) } }
}
