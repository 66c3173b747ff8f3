import { estimateRun } from '../engine/estimate/estimate-run.ts'
import { usableMemory } from '../engine/estimate/memory-needed.ts'
import { NO_LIMITS, UNLOADED } from '../engine/estimate/memory-state.ts'
import { readModelCosts } from '../engine/estimate/model-costs.ts'
import { usualRun } from '../engine/estimate/usual-run.ts'
import { machineMemory } from '../platform/memory-limit.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'

/** Memory that a model needs to answer, and whether this machine has it. */
export interface ModelMemory {
  /** Bytes, for a video with the model's default number of frames and answer length. */
  readonly bytes: number
  readonly fits: boolean
  /** Whether the vision tower's weights stay in their file, because the run does not fit otherwise. */
  readonly towerInFile: boolean
}

/** Estimates the memory of an installed model. Throws as {@link readModelCosts} does. */
export async function modelMemory(directory: string, manifest: ModelManifest): Promise<ModelMemory> {
  const run = usualRun(await readModelCosts(directory, manifest), manifest, {
    ...UNLOADED,
    limits: { ...NO_LIMITS, memory: usableMemory() },
  })
  const { memory, lacking, towerInFile } = estimateRun(run)
  return { bytes: memory.total, fits: lacking !== 'memory', towerInFile }
}

export function memoryText({ bytes, fits, towerInFile }: ModelMemory): string {
  const place = towerInFile ? " with the vision tower's weights in their file" : ''
  const needed = `needs about ${sizeText(bytes)} of memory${place}`
  const machine = sizeText(machineMemory())
  return fits ? `${needed}, fits this machine (${machine})` : `${needed}: too large for this machine (${machine})`
}
