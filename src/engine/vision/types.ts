import type { Frame, RgbImage } from '../media/types.ts'

/** One frame as the LLM gets it. */
export interface Embedded {
  readonly index: number
  readonly time: number
  /** Merged grid: rows and columns of visual tokens. */
  readonly grid: readonly [height: number, width: number]
  /** `grid[0] * grid[1]` rows of the tower's width, row-major. */
  readonly rows: Float32Array
  /** The picture after both resizes: the very pixels the tower saw. */
  readonly picture: RgbImage
}

export interface EmbedOptions {
  /** Frames that will come, which divides the clip's pixel budget. */
  readonly frameCount: number
  /** Further limit on the pixels of one frame, from the user. */
  readonly maxPixels?: number | undefined
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
  /** Why earlier devices in the order were not used, a sentence each. */
  readonly fallbacks: readonly string[]
  /** Size of a frame after both resizes; pure, so token counts are known before anything is decoded. */
  frameSize(
    width: number,
    height: number,
    options: { frameCount: number; maxPixels?: number | undefined },
  ): { width: number; height: number; grid: readonly [number, number] }
  embed(frames: AsyncIterable<Frame>, options: EmbedOptions): AsyncIterable<Embedded>
}
