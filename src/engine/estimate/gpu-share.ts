import type { MemoryNeeded } from './memory-needed.ts'

/** The parts of a model on a GPU. */
export interface Offload {
  /**
   * Number of the language model's layers on the GPU, of `of` in all. The output counts as one. Layers are offloaded from the last to the first,
   * starting with the output.
   */
  readonly layers: number
  readonly of: number
  /** Whether the vision tower is on the GPU. */
  readonly vision: boolean
}

/** Bytes per part. */
export type MemoryParts = Readonly<Record<Exclude<keyof MemoryNeeded, 'total'>, number>>

export const NOTHING_OFFLOADED: Offload = { layers: 0, of: 1, vision: false }

/**
 * Splits the memory of a run between the GPU and main memory. Each layer's share of the KV cache is stored with the layer. A language model in
 * both needs compute buffers in both; embeddings and the process itself are always in main memory.
 */
export function shareOut(
  needed: MemoryNeeded,
  { layers, of, vision }: Offload,
): { readonly gpu: MemoryParts; readonly machine: MemoryParts } {
  const there = Math.min(layers, of)
  const gpu = {
    languageWeights: Math.round((needed.languageWeights * there) / of),
    visionWeights: vision ? needed.visionWeights : 0,
    context: contextOnGpu(needed.context, { layers: there, of }),
    embeddings: 0,
    languageBuffers: there > 0 ? needed.languageBuffers : 0,
    visionBuffers: vision ? needed.visionBuffers : 0,
    program: 0,
  }
  return {
    gpu,
    machine: {
      languageWeights: needed.languageWeights - gpu.languageWeights,
      visionWeights: needed.visionWeights - gpu.visionWeights,
      context: needed.context - gpu.context,
      embeddings: needed.embeddings,
      languageBuffers: there === of ? 0 : needed.languageBuffers,
      visionBuffers: needed.visionBuffers - gpu.visionBuffers,
      program: needed.program,
    },
  }
}

/** Bytes of a KV cache on the GPU; the output has no KV cache. */
export function contextOnGpu(bytes: number, { layers, of }: Pick<Offload, 'layers' | 'of'>): number {
  return of > 1 ? Math.round((bytes * Math.max(0, Math.min(layers, of) - 1)) / (of - 1)) : 0
}

/** Total bytes of all parts except those in `but`. */
export function sumOf(parts: MemoryParts, but: ReadonlySet<keyof MemoryNeeded> = new Set()): number {
  return Object.entries(parts).reduce((sum, [part, bytes]) => (but.has(part as keyof MemoryNeeded) ? sum : sum + bytes), 0)
}
