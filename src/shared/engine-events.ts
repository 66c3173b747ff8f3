import type { Remedy } from './remedies.ts'
import type { FinishReason } from './sampling.ts'

/** The stages of a run, in order. `decode` and `encode` overlap: frames are seen one by one. */
export type Stage = 'loading' | 'probing' | 'looking' | 'thinking' | 'writing'

/** Where vision and language run, as the devices name themselves (`not needed` for a tower that nothing asked for), with what was tried before. */
export interface DevicesUsed {
  readonly vision: string
  readonly language: string
  /** One sentence for each device that was wanted and could not be had. */
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
  /** Rows of the clip's embeddings in the context. */
  readonly visual: number
  /** Tokens of text in the context before the answer. */
  readonly prompt: number
  readonly generated: number
  /** What this turn really evaluated before its first new token, rows and tokens together; small for a follow-up question. */
  readonly evaluated: number
}

/** What went through a decoder for an answer: in `timings.decode`, so many pixels of a codec. */
export interface Decoded {
  readonly codec: string
  readonly pixels: number
}

/** Settings a clip was looked at with because those asked for did not fit. `maxPixels` is null where the model's own budget is the limit. */
export interface Fitted {
  readonly frames: number
  readonly maxPixels: number | null
  readonly from: { readonly frames: number; readonly maxPixels: number | null }
}

/** A video's frames, or a picture, as the model saw it. */
export interface ClipSeen {
  readonly frames: readonly FrameUsed[]
  /** Size after both resizes. */
  readonly width: number
  readonly height: number
}

export interface Answer {
  readonly text: string
  readonly finish: FinishReason
  /** Of all clips of the newest message that has any. */
  readonly frames: readonly FrameUsed[]
  /** Size of the pictures the model saw, after both resizes; of the last clip where there are several. */
  readonly width: number
  readonly height: number
  /** Only where that message has several clips or pictures: what was seen of each, in order. */
  readonly clips?: readonly ClipSeen[]
  readonly tokens: TokenCounts
  readonly timings: Timings
  readonly device: DevicesUsed
  /** Sentences the user should read: a truncated file, fewer frames than asked, frames lost. */
  readonly notices: readonly string[]
  /** Only where frames or pixels were lowered to fit. */
  readonly fitted?: Fitted
  /** Only where one clip was decoded for it. */
  readonly decoded?: Decoded
  /** What came from the disk cache instead of being computed. */
  readonly cached: 'nothing' | 'embeddings' | 'state'
}

/** A token and how likely it was: the natural logarithm of its probability, by the model's own logits, before temperature, penalties and grammar. */
export interface LikelyToken {
  readonly text: string
  readonly bytes: readonly number[]
  readonly logprob: number
}

/** A token of an answer with those that were likeliest in its place, the likeliest first. */
export interface TokenLogprob extends LikelyToken {
  readonly top: readonly LikelyToken[]
}

/** What a caller, the page or the command line, is told while a run goes on. */
export type EngineEvent =
  | { readonly kind: 'stage'; readonly stage: Stage }
  | { readonly kind: 'frame'; readonly frame: FrameUsed; readonly done: number; readonly of: number }
  | { readonly kind: 'delta'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly kind: 'notice'; readonly text: string; readonly remedy?: Remedy }
  | { readonly kind: 'done'; readonly answer: Answer }

/** One shape for every other long job (import, evaluation): a value from 0 to 1 and words. */
export interface Progress {
  readonly value: number
  readonly title: string
  readonly detail?: string
  /** How fast bytes are being made or brought; null while that cannot be said. */
  readonly bytesPerSecond?: number | null
  /** Until the end of what the bytes are counted of. */
  readonly secondsLeft?: number | null
}
