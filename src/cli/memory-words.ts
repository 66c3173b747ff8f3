import { machineMemory } from '../engine/memory-limit.ts'
import { findInCatalogue } from '../engine/models/catalogue.ts'
import { runningMemory } from '../engine/models/catalogue-sizes.ts'
import { modelBytes } from '../engine/models/manifest.ts'
import { fits } from '../engine/models/memory-fit.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'

/** What a model needs while it answers, and whether this machine has it. */
export interface MemoryNeed {
  /** Bytes, for a clip of as many frames as the model takes by itself. */
  readonly bytes: number
  /** False where only the weights could be counted: it needs more than that. */
  readonly complete: boolean
  readonly fits: boolean
}

/** Of a model that is here: its files' real size; the rest by the catalogue, where the model comes from a checkpoint in it. */
export async function memoryNeed(manifest: ModelManifest): Promise<MemoryNeed> {
  const weights = modelBytes(manifest)
  const entry = await findInCatalogue(manifest.source.repository)
  const bytes = entry === null ? weights : runningMemory(entry, weights, manifest.sampler.frames)
  return { bytes, complete: entry !== null, fits: fits(bytes) }
}

export function memoryText({ bytes, complete, fits: enough }: MemoryNeed): string {
  const needed = `${complete ? 'about' : 'more than'} ${sizeText(bytes)} of memory`
  const machine = sizeText(machineMemory())
  return enough ? `needs ${needed}, fits this machine (${machine})` : `needs ${needed}: too large for this machine (${machine})`
}
