import { MAX_FRAMES } from '../../shared/frame-request.ts'
import { frameShape, slicesOf } from '../vision/tower-form.ts'
import type { FrameShape } from '../vision/types.ts'
import { type ClipSettings, fitSettings, greatest } from './fit-settings.ts'
import { type MemoryParts, shareOut, sumOf } from './gpu-share.ts'
import { type MemoryNeeded, mayStayInFile, memoryNeeded } from './memory-needed.ts'
import type { MemoryState } from './memory-state.ts'
import type { ModelCosts } from './model-costs.ts'

/** Minimum number of answer tokens that must fit for a run to start. */
export const MIN_ANSWER = 16
/** Additional context cells, so that follow-up questions rarely exceed the context. */
export const HEADROOM = 2048

/** Tokens that the chat template adds to a question. */
export const TEMPLATE_TOKENS = 32
/** Tokens of a time between two slices, with the control tokens around it, up to 999.9 seconds. */
const TIME_TOKENS = 10
/** ASCII letters and spaces per token, fewer than usual: Qwen's tokenizer and that of Llama took 4 or more in English, and about 3 in German. */
const ASCII_LETTERS = 3
/**
 * Bytes in UTF-8 of other characters per token. Qwen's tokenizer took 1.9 to 3 in most scripts, and 4 to 5 in Chinese, Arabic and Russian; that of Llama took
 * about 2 in Greek, Korean and Arabic, and 2.5 in Chinese.
 */
const OTHER_BYTES = 2

/** Estimates the tokens of a text from its characters, while no model is loaded to count them. ASCII digits and punctuation are a token each. */
export function approximateTokens(text: string): number {
  const marks = text.match(/[!-@[-`{-~]/g)?.length ?? 0
  const ascii = text.match(/[\0-\x7f]/g)?.length ?? 0
  const others = new TextEncoder().encode(text).length - ascii
  return Math.ceil(marks + (ascii - marks) / ASCII_LETTERS + others / OTHER_BYTES)
}

/** Describes a run that answers a question about a clip, before anything is decoded. */
export interface RunRequest {
  readonly costs: ModelCosts
  /** Size of the clip's frames in pixels. */
  readonly frame: { readonly width: number; readonly height: number }
  readonly settings: ClipSettings
  /** Whether the number of frames may be reduced; false if frames were chosen individually. */
  readonly fewerFrames: boolean
  /** Text tokens before the answer, and visual tokens of the conversation's other clips. */
  readonly text: number
  readonly otherClips: number
  /** Those of the text that are the question, if they are counted apart: a refusal then says whether the question is too long. */
  readonly question?: number
  /** Maximum number of tokens of the answer. */
  readonly answer: number
  /** Maximum number of tokens of the conversation. */
  readonly contextLimit: number
  readonly memory: MemoryState
}

/** The limit that a run exceeds. */
export type Lacking = 'frames' | 'context' | 'memory' | 'gpu'

export interface RunEstimate {
  readonly shape: FrameShape
  readonly visualTokens: number
  /** Number of tokens in the context after the longest answer, at most its limit. */
  readonly context: number
  readonly memory: MemoryNeeded
  /** Bytes of main memory that still have to be allocated. */
  readonly further: number
  /** Bytes of GPU memory, in all and still to be allocated; all 0 without a GPU. */
  readonly gpu: { readonly parts: MemoryParts; readonly further: number }
  /** Null if the run fits. */
  readonly lacking: Lacking | null
  /** Whether the tower's weights stay in their file. */
  readonly towerInFile: boolean
}

/**
 * Computes the resources of a run, with its own settings or others. All estimates and refusals are based on this. Pure.
 * Throws `no-frames` for frame shapes that the model does not support.
 */
export function estimateRun(request: RunRequest, settings: ClipSettings = request.settings): RunEstimate {
  const { towerInFile, offload } = request.memory
  const prepared = estimateWith(request, settings, towerInFile ?? false)
  const { precision } = request.costs.memory.weights
  const saves = prepared.lacking === 'memory' && towerInFile === undefined && !offload.vision && mayStayInFile(precision)
  return saves ? estimateWith(request, settings, true) : prepared
}

function estimateWith(request: RunRequest, settings: ClipSettings, towerInFile: boolean): RunEstimate {
  const { costs, contextLimit } = request
  const { resident, offload, limits } = request.memory
  const { frames, maxPixels, minPixels } = settings
  const shape = frameShape(costs.form, request.frame, { frameCount: frames, maxPixels, minPixels })
  const slices = slicesOf(costs.form, frames)
  const visualTokens = slices * shape.rows
  const times = costs.form.timestamps === null ? 0 : (slices - 1) * TIME_TOKENS
  const prompt = visualTokens + times + request.otherClips + request.text
  const context = Math.min(contextLimit, prompt + request.answer)
  const size = { cells: Math.min(contextLimit, context + HEADROOM), visualTokens, patchesPerFrame: patchesOf(costs, shape) }
  const memory = memoryNeeded(costs.memory, size, offload.vision ? 'gpu' : towerInFile ? 'file' : 'memory')
  const { gpu, machine } = shareOut(memory, offload)
  const further = sumOf(machine) - Math.min(resident.own, sumOf(machine) - sumOf(machine, resident.parts))
  const gpuFurther = sumOf(gpu, resident.parts)
  const lacking = (): Lacking | null => {
    if (frames > costs.maxFrames) return 'frames'
    if (contextLimit - prompt < Math.min(request.answer, MIN_ANSWER)) return 'context'
    if (further > limits.memory) return 'memory'
    return gpuFurther > limits.gpu ? 'gpu' : null
  }
  return { shape, visualTokens, context, memory, further, gpu: { parts: gpu, further: gpuFurther }, lacking: lacking(), towerInFile }
}

function patchesOf({ form }: ModelCosts, { width, height }: FrameShape): number {
  return (width * height) / form.patching.patchSize ** 2
}

/** Larger than any frame that a tower receives. */
const LARGE_FRAME = { width: 8192, height: 8192 } as const

/** Bytes of a GPU's memory that a tower needs for its weights and a frame of its largest size, in a clip of `frames` frames. */
export function towerGpuMemory(costs: ModelCosts, frames: number): number {
  const patchesPerFrame = patchesOf(costs, frameShape(costs.form, LARGE_FRAME, { frameCount: frames }))
  const { visionWeights, visionBuffers } = memoryNeeded(costs.memory, { cells: 0, visualTokens: 0, patchesPerFrame }, 'gpu')
  return visionWeights + visionBuffers
}

/** Returns the largest settings up to the requested ones that fit ({@link fitSettings}); null if none do. */
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

/** Maximum number of frames that fit at the requested pixels, up to the limit of a request; 0 if not even one fits. */
export function maxFrames(request: RunRequest): number {
  return greatest(1, MAX_FRAMES, (frames) => estimateRun(request, { ...request.settings, frames }).lacking === null) ?? 0
}
