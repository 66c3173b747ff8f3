import type { MemoryNeeded } from './memory-needed.ts'

/** What of a model is on a GPU. */
export interface Offload {
  /** Layers of the language model there, the last ones first, and all it has; the output counts as one, and goes first. */
  readonly layers: number
  readonly of: number
  /** Whether the vision tower is there. */
  readonly vision: boolean
}

/** Bytes of each part. */
export type MemoryParts = Readonly<Record<Exclude<keyof MemoryNeeded, 'total'>, number>>

export const NOTHING_OFFLOADED: Offload = { layers: 0, of: 1, vision: false }

/**
 * How the parts of a run lie in a GPU's memory and in the machine's. A layer has its part of the KV cache with it. A language model that is in
 * both computes in both; rows and the program itself are always in the machine's.
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

/** How much of a KV cache is on the GPU: the output has none. */
export function contextOnGpu(bytes: number, { layers, of }: Pick<Offload, 'layers' | 'of'>): number {
  return of > 1 ? Math.round((bytes * Math.max(0, Math.min(layers, of) - 1)) / (of - 1)) : 0
}

/** Bytes of all parts but some. */
export function sumOf(parts: MemoryParts, but: ReadonlySet<keyof MemoryNeeded> = new Set()): number {
  return Object.entries(parts).reduce((sum, [part, bytes]) => (but.has(part as keyof MemoryNeeded) ? sum : sum + bytes), 0)
}
