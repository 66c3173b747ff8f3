import type { Frame, RgbImage } from '../media/types.ts'
import type { Size } from './smart-resize.ts'

/** What the tower makes of a picture of some size. */
export interface FrameTokens {
  /** Rows and columns of visual tokens. */
  readonly grid: readonly [height: number, width: number]
  /** Rows of embeddings: one for each token of the grid, and the separators between them where the model has such. */
  readonly rows: number
}

/** Size of a frame as the tower sees it, and what becomes of it. */
export interface FrameShape extends Size, FrameTokens {}

/** What decides a frame's size beside its own. A tower that takes one size only obeys neither. */
export interface FrameLimits {
  /** Frames that will come, which divides the clip's pixel budget. */
  readonly frameCount: number
  /** Further limit on the pixels of one frame, from the user. */
  readonly maxPixels?: number | undefined
  /** Fewest pixels of one frame, from the user, within the greatest. Defaults to the checkpoint's. */
  readonly minPixels?: number | undefined
}

/** One frame as the LLM gets it. */
export interface Embedded {
  readonly index: number
  readonly time: number
  /** Rows and columns of visual tokens. */
  readonly grid: readonly [height: number, width: number]
  /** {@link FrameTokens.rows} rows of the tower's width; tokens row-major. */
  readonly rows: Float32Array
  /** The picture after all resizes: the very pixels the tower saw. */
  readonly picture: RgbImage
}

export interface EmbedOptions extends FrameLimits {
  readonly signal: AbortSignal
  /** Told of the tower's own work, resizing and computing, in milliseconds; what it waits for its frames is not among it. */
  readonly onWorked?: (milliseconds: number) => void
}

export const visionDevices = ['cuda', 'dml', 'coreml', 'webgpu', 'cpu'] as const
export type VisionDevice = (typeof visionDevices)[number]

/** A vision tower in memory. One run at a time; disposing it frees the session. */
export interface Tower extends AsyncDisposable {
  readonly width: number
  readonly device: VisionDevice
  /** What its rows depend on beside model and picture; see `results-key.ts`. */
  readonly resultsKey: string
  /** Why earlier devices in the order were not used, a sentence each. */
  readonly fallbacks: readonly string[]
  /** Pure, so token counts are known before anything is decoded. */
  frameShape(width: number, height: number, limits: FrameLimits): FrameShape
  embed(frames: AsyncIterable<Frame>, options: EmbedOptions): AsyncIterable<Embedded>
}
