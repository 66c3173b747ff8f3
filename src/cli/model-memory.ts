import { estimateRun } from '../engine/estimate/estimate-run.ts'
import { fitsMachine } from '../engine/estimate/memory-needed.ts'
import { UNLOADED } from '../engine/estimate/memory-state.ts'
import { readModelCosts } from '../engine/estimate/model-costs.ts'
import { machineMemory } from '../platform/memory-limit.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'

/** A video as most are: as large as any model's budget lets through. */
const FRAME = { width: 1920, height: 1080 }
/** Question and template. */
const TEXT_TOKENS = 512

/** What a model needs while it answers, and whether this machine has it. */
export interface ModelMemory {
  /** Bytes, for a video with as many frames and as long an answer as the model takes by itself. */
  readonly bytes: number
  readonly fits: boolean
}

/** Of a model that is here. Throws what {@link readModelCosts} throws. */
export async function modelMemory(directory: string, manifest: ModelManifest): Promise<ModelMemory> {
  const { memory } = estimateRun({
    costs: await readModelCosts(directory, manifest),
    frame: FRAME,
    settings: { frames: manifest.sampler.frames, maxPixels: undefined },
    fewerFrames: true,
    text: TEXT_TOKENS,
    otherClips: 0,
    answer: manifest.generation.maxTokens,
    contextLimit: manifest.maxSequence,
    memory: UNLOADED,
  })
  return { bytes: memory.total, fits: fitsMachine(memory.total) }
}

export function memoryText({ bytes, fits }: ModelMemory): string {
  const needed = `needs about ${sizeText(bytes)} of memory`
  const machine = sizeText(machineMemory())
  return fits ? `${needed}, fits this machine (${machine})` : `${needed}: too large for this machine (${machine})`
}
