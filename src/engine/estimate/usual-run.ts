import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { RunRequest } from './estimate-run.ts'
import type { MemoryState } from './memory-state.ts'
import type { ModelCosts } from './model-costs.ts'

/** A typical video, large enough to reach any model's pixel budget. */
const FRAME = { width: 1920, height: 1080 }
/** Tokens of the question and the template. */
const TEXT_TOKENS = 512

/** A question about a video with the model's default number of frames and answer length. */
export function usualRun(costs: ModelCosts, manifest: ModelManifest, memory: MemoryState): RunRequest {
  return {
    costs,
    frame: FRAME,
    settings: { frames: manifest.sampler.frames, maxPixels: undefined },
    fewerFrames: true,
    text: TEXT_TOKENS,
    otherClips: 0,
    answer: manifest.generation.maxTokens,
    contextLimit: manifest.maxSequence,
    memory,
  }
}
