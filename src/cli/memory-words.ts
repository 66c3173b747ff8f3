import { weighModel } from '../engine/estimate/weigh-model.ts'
import { machineMemory } from '../engine/memory-limit.ts'
import { fits } from '../engine/models/memory-fit.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'

/** What a model needs while it answers, and whether this machine has it. */
export interface MemoryNeed {
  /** Bytes, for a clip of as many frames as the model takes by itself. */
  readonly bytes: number
  readonly fits: boolean
}

/** Of a model that is here. Throws what {@link weighModel} throws. */
export async function memoryNeed(directory: string, manifest: ModelManifest): Promise<MemoryNeed> {
  const bytes = await weighModel(directory, manifest)
  return { bytes, fits: fits(bytes) }
}

export function memoryText({ bytes, fits: enough }: MemoryNeed): string {
  const needed = `needs about ${sizeText(bytes)} of memory`
  const machine = sizeText(machineMemory())
  return enough ? `${needed}, fits this machine (${machine})` : `${needed}: too large for this machine (${machine})`
}
