import type { Fitted, FrameUsed } from '../../shared/engine-events.ts'
import type { Estimate } from '../../shared/estimate.ts'
import type { RunDecision } from './decide-run.ts'
import { maxFrames, type RunRequest } from './estimate-run.ts'
import { secondsOf, slowClipAdvice, type Work } from './seconds.ts'
import type { Speeds } from './speeds.ts'

export interface ClipEstimateParts {
  readonly decision: RunDecision
  readonly frames: readonly FrameUsed[]
  readonly notices: readonly string[]
  readonly fitted?: Fitted | undefined
  /** Device that runs the language model. */
  readonly device: string
  readonly work: Work
  readonly speeds: Speeds
  /** Milliseconds to decode a million pixels of the clip's codec; undefined if unknown. */
  readonly decoding: number | undefined
}

/** Builds the estimate that callers receive from the decision about a run. */
export function clipEstimate(request: RunRequest, parts: ClipEstimateParts): Estimate {
  const { decision, frames, notices, fitted, device, work, speeds, decoding } = parts
  const { estimate, refusal } = decision
  const { shape, visualTokens, context, memory, further } = estimate
  const { limits } = request.memory
  const seconds = secondsOf(speeds, decoding, work)
  const clip = { visualTokens, frames: frames.length, shrinks: Number.isFinite(request.costs.minPixels) }
  return {
    frames,
    width: shape.width,
    height: shape.height,
    tokens: {
      perFrame: Math.ceil(shape.rows / request.costs.form.framesPerSlice),
      visual: visualTokens,
      prompt: request.text,
      context,
      limit: request.contextLimit,
    },
    maxFrames: maxFrames(request),
    memory: { ...memory, further, available: finite(limits.memory) },
    gpu: gpuEstimate(request, estimate),
    seconds,
    device,
    notices: refusal === null ? [...notices, ...slowClipAdvice(clip, seconds, work)] : notices,
    ...(fitted && { fitted }),
    problem: refusal?.toData() ?? null,
  }
}

/** Work of the first question about a clip. */
export function firstWork(request: RunRequest, { estimate, settings }: RunDecision, pixels: number): Work {
  const { shape, visualTokens, context } = estimate
  const prefilled = visualTokens + request.otherClips + request.text
  return {
    pixels,
    patches: (settings.frames * shape.width * shape.height) / request.costs.form.patching.patchSize ** 2,
    prefilled,
    answer: Math.max(0, context - prefilled),
  }
}

function gpuEstimate({ memory: { offload, limits } }: RunRequest, { gpu: { parts, further } }: RunDecision['estimate']): Estimate['gpu'] {
  const { languageWeights, visionWeights, context, languageBuffers, visionBuffers } = parts
  const total = languageWeights + visionWeights + context + languageBuffers + visionBuffers
  if (total === 0) return null
  const { layers, of } = offload
  return {
    layers,
    of,
    languageWeights,
    visionWeights,
    context,
    languageBuffers,
    visionBuffers,
    total,
    further,
    available: finite(limits.gpu),
  }
}

/** Converts an unknown limit, which is infinite internally, to null for the estimate. */
function finite(bytes: number): number | null {
  return Number.isFinite(bytes) ? bytes : null
}
