import { machineMemory } from '../../platform/memory-limit.ts'
import type { VisionPrecision } from '../../shared/model-manifest.ts'

/** Model properties that determine the memory of a run. Sizes are element counts unless given in bytes. */
export interface MemoryInfo {
  /** Bytes of the language model's file and of the vision tower's files. */
  readonly weights: { readonly language: number; readonly vision: number; readonly precision: VisionPrecision }
  readonly language: {
    readonly width: number
    /** Width of the rows of visual tokens. */
    readonly rowWidth: number
    readonly feedForward: number
    readonly vocabulary: number
    /** Bytes per KV cache cell: keys and values of all layers. */
    readonly cellBytes: number
  }
  readonly tower: { readonly width: number; readonly heads: number; readonly feedForward: number }
}

export interface RunSize {
  /** Context cells: visual tokens, text and answer. */
  readonly cells: number
  readonly visualTokens: number
  /** Patches per frame in the vision tower. */
  readonly patchesPerFrame: number
}

/**
 * Memory of a loaded tower relative to the size of its files (measured with 32 layers of width 1280): ONNX Runtime converts 16-bit weights
 * to 32 bits when it loads them, and repacks weights for its kernels.
 */
const IN_MEMORY: Readonly<Record<VisionPrecision, number>> = { f32: 1.05, f16: 2.25, int8: 1.05, int4: 1.3 }
/**
 * The same for a tower in a GPU's memory: 16-bit weights are converted as well, but only the 32-bit ones are there, and none are repacked. Measured
 * on a software device, see docs/devices.md.
 */
const ON_GPU: Readonly<Record<VisionPrecision, number>> = { f32: 1.05, f16: 2.1, int8: 1.05, int4: 1.05 }

/**
 * The same for a tower whose weights stay in their file: the system can reclaim them, and only a few matrices are converted at a time. Fewer bits
 * are small already, and slow without repacking.
 */
const IN_FILE: Readonly<Record<VisionPrecision, number>> = { ...IN_MEMORY, f32: 0.05, f16: 0.15 }

/** Where a tower's weights are: prepared in main memory, in their mapped file, or in a GPU's memory. */
export type TowerPlace = 'memory' | 'file' | 'gpu'
const PLACES: Readonly<Record<TowerPlace, Readonly<Record<VisionPrecision, number>>>> = { memory: IN_MEMORY, file: IN_FILE, gpu: ON_GPU }

/** Whether the weights of a tower in this precision may stay in their file. */
export function mayStayInFile(precision: VisionPrecision): boolean {
  return IN_FILE[precision] < IN_MEMORY[precision]
}

/** Bytes per part. */
export interface MemoryNeeded {
  readonly languageWeights: number
  readonly visionWeights: number
  /** The KV cache. */
  readonly context: number
  /** The clip's embeddings, kept until they are on disk. */
  readonly embeddings: number
  /** Compute buffers of the language model and the tower. */
  readonly languageBuffers: number
  readonly visionBuffers: number
  /** The process itself: Node, decoders with a few frames, libraries. */
  readonly program: number
  readonly total: number
}

/** Number of tokens that llama.cpp evaluates per batch. */
const BATCH = 512
/** Maximum number of tokens of a batch whose logits are computed, see `MAX_OUTPUTS`. */
const OUTPUTS = 64
/** Bytes of llama.cpp's attention mask per token of a batch and cell of the context, in 32 and in 16 bits. */
const MASK_BYTES = 6
const PROGRAM_BYTES = 400e6
const FLOAT_BYTES = 4

/** Bytes of memory of a loaded tower, from the bytes of its files. */
export function towerMemory(bytes: number, precision: VisionPrecision, place: TowerPlace = 'memory'): number {
  return Math.round(bytes * PLACES[place][precision])
}

/**
 * Memory needed to answer a question about a clip. Pure; its inputs are from a manifest and its files, or from the catalogue.
 * @param place where the tower's weights are. Defaults to `memory`
 */
export function memoryNeeded(
  { weights, language, tower }: MemoryInfo,
  { cells, visualTokens, patchesPerFrame }: RunSize,
  place: TowerPlace = 'memory',
): MemoryNeeded {
  const computing = BATCH * (2 * language.feedForward + 8 * language.width) + OUTPUTS * language.vocabulary
  // On a GPU, the attention scores of a layer may be stored in full.
  const scores = place === 'gpu' ? tower.heads * patchesPerFrame ** 2 : 0
  const seeing = patchesPerFrame * (8 * tower.width + 2 * tower.feedForward) + scores
  const parts = {
    // llama.cpp repacks most weights and no longer needs the originals in the file, so they count once.
    languageWeights: weights.language,
    visionWeights: towerMemory(weights.vision, weights.precision, place),
    context: Math.round(cells * language.cellBytes),
    embeddings: visualTokens * language.rowWidth * FLOAT_BYTES,
    languageBuffers: Math.round(computing * FLOAT_BYTES + BATCH * cells * MASK_BYTES),
    visionBuffers: Math.round(seeing * FLOAT_BYTES),
    program: PROGRAM_BYTES,
  }
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) }
}

/** Memory reserved for the operating system and other programs. */
const RESERVE = { part: 1 / 8, min: 1.5e9 } as const

/** Bytes of `memory` without the reserve. */
export function usableMemory(memory: number = machineMemory()): number {
  return memory - Math.max(memory * RESERVE.part, RESERVE.min)
}

/** Whether `bytes` fit into `memory` after subtracting the reserve. */
export function fitsMachine(bytes: number, memory: number = machineMemory()): boolean {
  return bytes <= usableMemory(memory)
}
