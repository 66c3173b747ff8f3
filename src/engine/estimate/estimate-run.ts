import { MAX_FRAMES } from '../../shared/frame-request.ts'
import { frameShape } from '../vision/tower-form.ts'
import type { FrameShape } from '../vision/types.ts'
import { type ClipSettings, fitSettings, greatest } from './fit-settings.ts'
import { type MemoryParts, shareOut, sumOf } from './gpu-share.ts'
import { type MemoryNeeded, memoryNeeded } from './memory-needed.ts'
import type { MemoryState } from './memory-state.ts'
import type { ModelCosts } from './model-costs.ts'

/** The shortest answer, in tokens, that is worth starting. */
export const MIN_ANSWER = 16
/** Cells beyond the first need, so that follow-up questions rarely outgrow the context. */
export const HEADROOM = 2048

/** A run that answers a question about a clip, before anything is decoded. */
export interface RunRequest {
  readonly costs: ModelCosts
  /** Size of the clip's frames. */
  readonly frame: { readonly width: number; readonly height: number }
  readonly settings: ClipSettings
  /** Whether fewer frames may be taken: false where they were chosen one by one. */
  readonly fewerFrames: boolean
  /** Tokens of text before the answer, and of the conversation's other clips. */
  readonly text: number
  readonly otherClips: number
  /** Most tokens of the answer. */
  readonly answer: number
  /** Most tokens of the conversation. */
  readonly contextLimit: number
  readonly memory: MemoryState
}

/** Which limit a run goes beyond. */
export type Lacking = 'context' | 'memory' | 'gpu'

export interface RunEstimate {
  readonly shape: FrameShape
  readonly visualTokens: number
  /** Tokens that the context will hold with the longest answer, no more than its limit. */
  readonly context: number
  readonly memory: MemoryNeeded
  /** Bytes of the machine's memory that must still be had. */
  readonly further: number
  /** Bytes on the GPU, and those that must still be had there; all 0 without one. */
  readonly gpu: { readonly parts: MemoryParts; readonly further: number }
  /** Null when it fits. */
  readonly lacking: Lacking | null
}

/**
 * What a run takes, with its own settings or others. Every estimate and every refusal comes from here. Pure.
 * Throws `no-frames` for shapes that no model takes.
 */
export function estimateRun(request: RunRequest, settings: ClipSettings = request.settings): RunEstimate {
  const { costs, contextLimit } = request
  const { resident, offload, limits } = request.memory
  const { frames, maxPixels, minPixels } = settings
  const shape = frameShape(costs.form, request.frame, { frameCount: frames, maxPixels, minPixels })
  const visualTokens = frames * shape.rows
  const prompt = visualTokens + request.otherClips + request.text
  const context = Math.min(contextLimit, prompt + request.answer)
  const memory = memoryNeeded(costs.memory, {
    cells: Math.min(contextLimit, context + HEADROOM),
    visualTokens,
    patchesPerFrame: (shape.width * shape.height) / costs.form.patching.patchSize ** 2,
  })
  const { gpu, machine } = shareOut(memory, offload)
  const further = sumOf(machine) - Math.min(resident.own, sumOf(machine) - sumOf(machine, resident.parts))
  const gpuFurther = sumOf(gpu, resident.parts)
  const lacking = (): Lacking | null => {
    if (contextLimit - prompt < Math.min(request.answer, MIN_ANSWER)) return 'context'
    if (further > limits.memory) return 'memory'
    return gpuFurther > limits.gpu ? 'gpu' : null
  }
  return { shape, visualTokens, context, memory, further, gpu: { parts: gpu, further: gpuFurther }, lacking: lacking() }
}

/** The largest settings up to the wanted ones that fit ({@link fitSettings}); null when none do. */
export function fittingSettings(request: RunRequest): ClipSettings | null {
  const { costs, frame, settings, fewerFrames } = request
  return fitSettings(settings, {
    fits: (smaller) => estimateRun(request, smaller).lacking === null,
    pixelsOf(frames) {
      const { width, height } = frameShape(costs.form, frame, { frameCount: frames })
      return width * height
    },
    floor: costs.minPixels,
    fewerFrames,
  })
}

/** The most frames that fit with the wanted pixels, up to the most that a request may name; 0 when not even one does. */
export function maxFrames(request: RunRequest): number {
  return greatest(1, MAX_FRAMES, (frames) => estimateRun(request, { ...request.settings, frames }).lacking === null) ?? 0
}
