import type { Remedy } from './remedies.ts'
import type { FinishReason } from './sampling.ts'
import type { ShapedCaption } from './shaping/caption-shape.ts'

/** Stages of a run, in order. `decode` and `encode` overlap, because frames are processed one by one. The last two are those of a rewritten caption. */
export type Stage = 'loading' | 'probing' | 'looking' | 'thinking' | 'writing' | 'rewriting' | 'checking'

/** Devices of tower and language model (`not needed` if the tower was not used), with the devices that were tried before. */
export interface DevicesUsed {
  readonly vision: string
  readonly language: string
  /** One sentence per device that could not be used. */
  readonly fallbacks: readonly string[]
}

export interface FrameUsed {
  readonly index: number
  /** Seconds from the clip's first frame. */
  readonly time: number
}

/** Milliseconds; stages overlap, so they need not add up to the total. */
export interface Timings {
  readonly probe: number
  readonly decode: number
  readonly encode: number
  readonly prefill: number
  readonly firstToken: number
  readonly generate: number
  readonly total: number
}

export interface TokenCounts {
  /** Embedding rows of the clips in the context. */
  readonly visual: number
  /** Text tokens in the context before the answer. */
  readonly prompt: number
  readonly generated: number
  /** Rows and tokens evaluated in this turn before the first new token; small for a follow-up question. */
  readonly evaluated: number
}

/** Pixels of a codec that were decoded during `timings.decode`. */
export interface Decoded {
  readonly codec: string
  readonly pixels: number
}

/** Reduced settings of a clip that did not fit with the requested ones. `maxPixels` is null if the model's budget is the limit. */
export interface Fitted {
  readonly frames: number
  readonly maxPixels: number | null
  readonly from: { readonly frames: number; readonly maxPixels: number | null }
}

/** A video or image as the model saw it. */
export interface ClipSeen {
  readonly frames: readonly FrameUsed[]
  /** Size after both resizes. */
  readonly width: number
  readonly height: number
}

export interface Answer {
  /** The model's own text. */
  readonly text: string
  /** The text in the shape that was wanted; absent if none was. */
  readonly shaped?: ShapedCaption
  readonly finish: FinishReason
  /** Frames of all clips in the newest message with clips. */
  readonly frames: readonly FrameUsed[]
  /** Frame size after both resizes; of the last clip if there are several. */
  readonly width: number
  readonly height: number
  /** Each clip or image in order; only for messages with several. */
  readonly clips?: readonly ClipSeen[]
  readonly tokens: TokenCounts
  readonly timings: Timings
  readonly device: DevicesUsed
  /** Sentences for the user: a truncated file, fewer frames than requested, lost frames. */
  readonly notices: readonly string[]
  /** Present if frames or pixels were reduced to fit. */
  readonly fitted?: Fitted
  /** Present if a clip was decoded. */
  readonly decoded?: Decoded
  /** What was read from the disk cache. */
  readonly cached: 'nothing' | 'embeddings' | 'state'
}

/** A token with the natural logarithm of its probability, from the model's logits before temperature, penalties and grammar. */
export interface LikelyToken {
  readonly text: string
  readonly bytes: readonly number[]
  readonly logprob: number
}

/** A token of an answer with the most likely alternatives, most likely first. */
export interface TokenLogprob extends LikelyToken {
  readonly top: readonly LikelyToken[]
}

/** Events of a run, for the page and the command line. */
export type EngineEvent =
  | { readonly kind: 'stage'; readonly stage: Stage }
  | { readonly kind: 'frame'; readonly frame: FrameUsed; readonly done: number; readonly of: number }
  | { readonly kind: 'delta'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly kind: 'notice'; readonly text: string; readonly remedy?: Remedy }
  | { readonly kind: 'done'; readonly answer: Answer }

/** Progress of other long jobs (import, evaluation): a value from 0 to 1 and a title. */
export interface Progress {
  readonly value: number
  readonly title: string
  readonly detail?: string
  /** Bytes per second; null while unknown. */
  readonly bytesPerSecond?: number | null
  /** Until the end of what the bytes are counted of. */
  readonly secondsLeft?: number | null
}
