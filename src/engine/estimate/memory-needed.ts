import { machineMemory } from '../../platform/memory-limit.ts'
import type { VisionPrecision } from '../../shared/model-manifest.ts'

/** What the memory of a run is computed from. Counts are of numbers, not of bytes, where nothing else is said. */
export interface MemoryFacts {
  /** Bytes of the language model's file, and of the tower's. */
  readonly weights: { readonly language: number; readonly vision: number; readonly precision: VisionPrecision }
  readonly language: {
    readonly width: number
    readonly feedForward: number
    readonly vocabulary: number
    /** Bytes of a cell of the KV cache: keys and values of all layers. */
    readonly cellBytes: number
  }
  readonly tower: { readonly width: number; readonly heads: number; readonly feedForward: number }
}

export interface RunSize {
  /** Cells of the context: visual tokens, text and answer. */
  readonly cells: number
  readonly visualTokens: number
  /** Patches of one frame, as the tower sees it. */
  readonly patchesPerFrame: number
}

/**
 * What a tower takes in memory, in parts of its files (measured with 32 layers of 1280): ONNX Runtime makes 32-bit numbers of 16-bit ones
 * when it loads them, and puts weights into the order that its kernels want.
 */
const IN_MEMORY: Readonly<Record<VisionPrecision, number>> = { f32: 1.05, f16: 2.25, int8: 1.05, int4: 1.3 }

/** Bytes, part by part. */
export interface MemoryNeeded {
  readonly languageWeights: number
  readonly visionWeights: number
  /** The KV cache. */
  readonly context: number
  /** The clip's rows, kept until they are on disk. */
  readonly embeddings: number
  /** What language model and tower compute in. */
  readonly languageBuffers: number
  readonly visionBuffers: number
  /** The process itself: Node, decoders with a few frames, the libraries. */
  readonly program: number
  readonly total: number
}

/** Tokens that llama.cpp evaluates at a time. */
const BATCH = 512
const PROGRAM_BYTES = 400e6
const FLOAT_BYTES = 4

/** Bytes that a tower takes once it is loaded, of the bytes of its files. */
export function towerMemory(bytes: number, precision: VisionPrecision): number {
  return Math.round(bytes * IN_MEMORY[precision])
}

/** Memory that it takes to answer about a clip. Pure: facts come from a manifest and its files, or from the catalogue. */
export function memoryNeeded({ weights, language, tower }: MemoryFacts, { cells, visualTokens, patchesPerFrame }: RunSize): MemoryNeeded {
  const computing = BATCH * (language.vocabulary + 2 * language.feedForward + 8 * language.width)
  // Attention's scores of one layer are there as a whole on the CPU.
  const seeing = patchesPerFrame * (8 * tower.width + 2 * tower.feedForward) + tower.heads * patchesPerFrame ** 2
  const parts = {
    // llama.cpp keeps a copy of most weights in an order of its own, and needs those in the file no more.
    languageWeights: weights.language,
    visionWeights: towerMemory(weights.vision, weights.precision),
    context: Math.round(cells * language.cellBytes),
    embeddings: visualTokens * language.width * FLOAT_BYTES,
    languageBuffers: computing * FLOAT_BYTES,
    visionBuffers: Math.round(seeing * FLOAT_BYTES),
    program: PROGRAM_BYTES,
  }
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) }
}

/** What the system and other programs keep for themselves. */
const RESERVE = { part: 1 / 8, min: 1.5e9 } as const

/** Whether so many bytes can be had beside the system's own, of `memory` in all. */
export function fitsMachine(bytes: number, memory: number = machineMemory()): boolean {
  return bytes <= memory - Math.max(memory * RESERVE.part, RESERVE.min)
}
