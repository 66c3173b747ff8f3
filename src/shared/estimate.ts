import type { Fitted, FrameUsed } from './engine-events.ts'
import type { ErrorData } from './errors.ts'

/** What an answer about a clip will cost, said before anything is decoded. */
export interface Estimate {
  readonly frames: readonly FrameUsed[]
  /** Of one frame as the tower sees it, in pixels. */
  readonly width: number
  readonly height: number
  readonly tokens: {
    readonly perFrame: number
    /** Rows of all frames' embeddings. */
    readonly visual: number
    /** Text before the answer. */
    readonly prompt: number
    /** What the conversation holds with the longest answer, and what it can. */
    readonly context: number
    readonly limit: number
  }
  /** Bytes; see `MemoryNeeded` for the parts. `further` must still be had, of which `available` is free; what is on a GPU is not in it. */
  readonly memory: {
    readonly languageWeights: number
    readonly visionWeights: number
    readonly context: number
    readonly embeddings: number
    readonly buffers: number
    readonly program: number
    readonly total: number
    readonly further: number
    readonly available: number
  }
  /** By what this model took on this device before, decoding not counted; null where that is not known. `all` is for the longest answer. */
  readonly seconds: { readonly encode: number; readonly prefill: number; readonly firstToken: number; readonly all: number } | null
  readonly device: string
  readonly notices: readonly string[]
  /** Only where frames or pixels were lowered to fit. */
  readonly fitted?: Fitted
  /** Why it would be refused; null when it would run. */
  readonly problem: ErrorData | null
}
