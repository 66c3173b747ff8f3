import type { Frame, RgbImage } from '../media/types.ts'
import type { Size } from './smart-resize.ts'

/** Output size of the tower for a slice of frames of one size. */
export interface FrameTokens {
  /** Rows and columns of visual tokens. */
  readonly grid: readonly [height: number, width: number]
  /** Embedding rows: one per token of the grid, plus separators if the model has them. */
  readonly rows: number
}

/** Input size of a frame, and its output size. */
export interface FrameShape extends Size, FrameTokens {}

/** Limits on the size of a frame. Ignored by towers with a fixed frame size. */
export interface FrameLimits {
  /** Number of frames, by which the clip's pixel budget is divided. */
  readonly frameCount: number
  /** Further limit on the pixels of one frame, from the user. */
  readonly maxPixels?: number | undefined
  /** Minimum pixels of one frame, from the user, below the maximum. Defaults to the checkpoint's. */
  readonly minPixels?: number | undefined
}

/** A frame as the tower receives it. */
export interface SeenFrame {
  readonly index: number
  readonly time: number
  /** The frame after all resizes: the pixels that the tower received. */
  readonly picture: RgbImage
}

/** A slice of a clip as the language model receives it: one frame, or those that the tower sees together. */
export interface Embedded {
  readonly frames: readonly SeenFrame[]
  /** Rows and columns of visual tokens. */
  readonly grid: readonly [height: number, width: number]
  /** {@link FrameTokens.rows} rows of the tower's width; tokens row-major. */
  readonly rows: Float32Array
}

export interface EmbedOptions extends FrameLimits {
  readonly signal: AbortSignal
  /** Called with the time of resizing and computing in milliseconds, without the time spent waiting for frames. */
  readonly onWorked?: (milliseconds: number) => void
}

export const visionDevices = ['cuda', 'dml', 'coreml', 'webgpu', 'cpu'] as const
export type VisionDevice = (typeof visionDevices)[number]

/** A vision tower in memory. Runs one clip at a time; disposing it frees the session. */
export interface Tower extends AsyncDisposable {
  readonly width: number
  readonly device: VisionDevice
  /** Key of what its rows depend on besides model and frame; see `results-key.ts`. */
  readonly resultsKey: string
  /** Why preferred devices were not used, one sentence each. */
  readonly fallbacks: readonly string[]
  /** Pure, so that token counts are known before decoding. */
  frameShape(width: number, height: number, limits: FrameLimits): FrameShape
  embed(frames: AsyncIterable<Frame>, options: EmbedOptions): AsyncIterable<Embedded>
}
