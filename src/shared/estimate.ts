import type { Fitted, FrameUsed } from './engine-events.ts'
import type { ErrorData } from './errors.ts'

/** Cost of an answer about a clip, computed before anything is decoded. */
export interface Estimate {
  readonly frames: readonly FrameUsed[]
  /** Size of one frame for the tower, in pixels. */
  readonly width: number
  readonly height: number
  readonly tokens: {
    readonly perFrame: number
    /** Embedding rows of all frames. */
    readonly visual: number
    /** Text tokens before the answer. */
    readonly prompt: number
    /** Context with the longest answer, and its limit. */
    readonly context: number
    readonly limit: number
  }
  /** Maximum number of frames that fit with these pixels; 0 if none does. */
  readonly maxFrames: number
  /**
   * Memory in bytes; see `MemoryNeeded` for the parts. `further` has still to be allocated, and `available` is free (null if unknown).
   * Only `total` includes memory on a GPU.
   */
  readonly memory: {
    readonly languageWeights: number
    readonly visionWeights: number
    readonly context: number
    readonly embeddings: number
    readonly languageBuffers: number
    readonly visionBuffers: number
    readonly program: number
    readonly total: number
    readonly further: number
    readonly available: number | null
  }
  /**
   * The part of it on a GPU, in bytes; null if everything is in the machine's memory. `layers` of the language model's `of` layers are on the
   * GPU. `further` has still to be allocated, and `available` is free (null if unknown). The tower counts once it is loaded.
   */
  readonly gpu: {
    readonly layers: number
    readonly of: number
    readonly languageWeights: number
    readonly visionWeights: number
    readonly context: number
    readonly languageBuffers: number
    readonly visionBuffers: number
    readonly total: number
    readonly further: number
    readonly available: number | null
  } | null
  /** Seconds, from earlier runs of this model on this device; null if unknown. `all` is for the longest answer. */
  readonly seconds: {
    /** Loading the model if it is not in memory, and opening the clip. */
    readonly other: number
    /** From earlier clips with this codec; null and not included in the sums if none was decoded yet. */
    readonly decode: number | null
    readonly encode: number
    readonly prefill: number
    readonly firstToken: number
    readonly all: number
  } | null
  readonly device: string
  readonly notices: readonly string[]
  /** Present if frames or pixels were reduced to fit. */
  readonly fitted?: Fitted
  /** Why the run would be rejected; null if it fits. */
  readonly problem: ErrorData | null
}
