import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { GgufFacts } from '../language/gguf-check.ts'
import { type MemoryFacts, type MemoryNeeded, memoryNeeded } from '../models/memory-needed.ts'
import { frameShape, type TowerForm } from '../vision/tower-form.ts'
import { towerForm } from '../vision/tower-forms.ts'
import type { FrameShape } from '../vision/types.ts'
import { type ClipSettings, fitSettings } from './fit.ts'
import { type MemoryParts, type Offload, shareOut, sumOf } from './gpu-share.ts'

/** Heads of every tower of these families, Qwen2-VL's and CLIP's ViT-L alike; and how many times their width the layers between are wide. */
const TOWER_HEADS = 16
const TOWER_INNER = 4
const CLIP_HEAD = 64
/** Tokens of a frame below which it is not shrunk to fit: 8 by 8, where single things can still be told apart. */
const LEAST_TOKENS = 64
/** An answer shorter than this is not worth starting. */
export const LEAST_ANSWER = 16
/** Cells beyond the first need, so that follow-up questions rarely outgrow the context. */
export const HEADROOM = 2048

/** What a model's clips are weighed with before they run. */
export interface Scales {
  readonly memory: MemoryFacts
  readonly form: TowerForm
  /** Pixels below which a frame is not shrunk; infinite for towers that take one size only. */
  readonly floor: number
}

/** `language` is what the language file's head says, which the manifest does not. */
export function scalesOf(manifest: ModelManifest, language: GgufFacts): Scales {
  const { vision } = manifest
  const head = manifest.family === 'tarsier2' ? manifest.vision.headSize : CLIP_HEAD
  const width = TOWER_HEADS * head
  return {
    memory: {
      weights: { language: manifest.language.bytes, vision: vision.bytes + (vision.data?.bytes ?? 0), precision: vision.precision },
      language: {
        width: language.width,
        feedForward: language.feedForward,
        vocabulary: language.tokens,
        cellBytes: language.cellNumbers * (language.exact ? 4 : 2),
      },
      tower: { width, heads: TOWER_HEADS, feedForward: TOWER_INNER * width },
    },
    form: towerForm(manifest),
    floor: manifest.family === 'tarsier2' ? LEAST_TOKENS * (vision.patchSize * vision.mergeSize) ** 2 : Number.POSITIVE_INFINITY,
  }
}

/** What is there already of a run. */
export interface RunHeld {
  readonly parts: ReadonlySet<keyof MemoryNeeded>
  /** Bytes that they take of the machine's memory and that do not count as free; a file that is only mapped does. */
  readonly own: number
}

/** Nothing is there yet for sure. */
export const NOTHING_HELD: RunHeld = { parts: new Set(), own: 0 }

/** The rest of a run beside the clip in question. */
export interface RunBeside {
  /** Tokens of text, and of clips that the conversation holds already. */
  readonly text: number
  readonly pictures: number
  /** Most tokens of the answer. */
  readonly answer: number
  readonly held: RunHeld
  readonly offload: Offload
}

/** What a run may take: tokens of the context, and bytes of memory, the machine's and a GPU's, beside what is held. */
export interface RunLimits {
  readonly context: number
  readonly memory: number
  /** Infinite where nobody tells. */
  readonly gpu: number
}

export interface Weight {
  readonly shape: FrameShape
  readonly visualTokens: number
  /** Tokens that the context will hold with the longest answer, no more than its limit. */
  readonly context: number
  readonly memory: MemoryNeeded
  /** Bytes of the machine's memory that must still be had. */
  readonly further: number
  /** Bytes on the GPU, and those that must still be had there; all 0 without one. */
  readonly gpu: { readonly parts: MemoryParts; readonly further: number }
  /** Which limit it passes; null when it fits. */
  readonly lacking: keyof RunLimits | null
}

/** Whatever memory it takes: how much that is, is asked. */
export function anyMemory(context: number): RunLimits {
  return { context, memory: Number.POSITIVE_INFINITY, gpu: Number.POSITIVE_INFINITY }
}

/** Weighs so many frames of a size. Pure. Throws `no-frames` for shapes that no model takes. */
export function weigh(
  scales: Scales,
  frame: { readonly width: number; readonly height: number },
  settings: ClipSettings,
  beside: RunBeside,
  limits: RunLimits,
): Weight {
  const shape = frameShape(scales.form, frame, {
    frameCount: settings.frames,
    maxPixels: settings.maxPixels,
    minPixels: settings.minPixels,
  })
  const visualTokens = settings.frames * shape.rows
  const prompt = visualTokens + beside.pictures + beside.text
  const context = Math.min(limits.context, prompt + beside.answer)
  const memory = memoryNeeded(scales.memory, {
    cells: Math.min(limits.context, context + HEADROOM),
    visualTokens,
    patchesPerFrame: (shape.width * shape.height) / scales.form.patching.patchSize ** 2,
  })
  const { gpu, machine } = shareOut(memory, beside.offload)
  const { parts, own } = beside.held
  const further = sumOf(machine) - Math.min(own, sumOf(machine) - sumOf(machine, parts))
  const gpuFurther = sumOf(gpu, parts)
  const lacking = lackingOf(limits.context - prompt, beside.answer, { further, gpuFurther, limits })
  return { shape, visualTokens, context, memory, further, gpu: { parts: gpu, further: gpuFurther }, lacking }
}

function lackingOf(
  room: number,
  answer: number,
  { further, gpuFurther, limits }: { further: number; gpuFurther: number; limits: RunLimits },
): Weight['lacking'] {
  if (room < Math.min(answer, LEAST_ANSWER)) return 'context'
  if (further > limits.memory) return 'memory'
  return gpuFurther > limits.gpu ? 'gpu' : null
}

/** The largest settings up to the wanted ones that fit ({@link fitSettings}); null when none do. */
export function fitClip(
  scales: Scales,
  frame: { readonly width: number; readonly height: number },
  wanted: ClipSettings,
  beside: RunBeside,
  limits: RunLimits,
  fewerFrames: boolean,
): ClipSettings | null {
  return fitSettings(wanted, {
    fits: (settings) => weigh(scales, frame, settings, beside, limits).lacking === null,
    pixelsOf(frames) {
      const { width, height } = frameShape(scales.form, frame, { frameCount: frames })
      return width * height
    },
    floor: scales.floor,
    fewerFrames,
  })
}
