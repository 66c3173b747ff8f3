import { estimateRun } from '../engine/estimate/estimate-run.ts'
import { fitsMachine } from '../engine/estimate/memory-needed.ts'
import { UNLOADED } from '../engine/estimate/memory-state.ts'
import { readModelCosts } from '../engine/estimate/model-costs.ts'
import { machineMemory } from '../platform/memory-limit.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'

/** A typical video, large enough to reach any model's pixel budget. */
const FRAME = { width: 1920, height: 1080 }
/** Tokens of the question and the template. */
const TEXT_TOKENS = 512

/** Memory that a model needs to answer, and whether this machine has it. */
export interface ModelMemory {
  /** Bytes, for a video with the model's default number of frames and answer length. */
  readonly bytes: number
  readonly fits: boolean
}

/** Estimates the memory of an installed model. Throws as {@link readModelCosts} does. */
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
