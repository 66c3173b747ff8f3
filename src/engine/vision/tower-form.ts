import type { RgbImage } from '../media/types.ts'
import type { Patching } from './patches.ts'
import type { Size } from './smart-resize.ts'
import type { NamedFloats } from './thread-messages.ts'
import type { FrameLimits, FrameShape, FrameTokens } from './types.ts'

/** A 32-bit float input or output of a graph. */
export interface GraphValue {
  readonly name: string
  readonly axes: number
  /** Size of the last axis. */
  readonly last: number
}

/** The part that differs between kinds of towers; {@link OnnxTower} contains the shared part. All functions are pure. */
export interface TowerForm {
  readonly patching: Patching
  /** Frames of one patch in time. */
  readonly framesPerPatch: number
  /**
   * How many of these are different frames of a clip: one, which is repeated as often, or all. The tower sees that many frames together, which is a
   * slice of the clip; where a clip ends within a slice, its last frame is repeated.
   */
  readonly framesPerSlice: number
  /** Positions in time per second of a clip; null if each slice is one position further than the one before. */
  readonly positionsPerSecond: number | null
  /**
   * Control tokens around each slice of a clip, if text before each tells its time; the chat template writes those around the whole clip. Null if slices
   * follow each other without text.
   */
  readonly timestamps: { readonly start: string; readonly end: string } | null
  /** Size to which a frame is resized. */
  size(frame: Size, limits: FrameLimits): Size
  /** Resizes a frame to that size. */
  prepare(frame: RgbImage, limits: FrameLimits): RgbImage
  /** Output size for a slice of images of that size. */
  tokens(picture: Size): FrameTokens
  /**
   * The graph's inputs besides `pixels`, for an image of `rows` by `columns` patches. Their buffers are transferred to the tower's thread,
   * so each call returns new ones.
   */
  furtherInputs(rows: number, columns: number): NamedFloats[]
  /** Expected inputs of the graph file besides `pixels`. */
  readonly graphInputs: readonly GraphValue[]
  /**
   * Learned position embeddings of the tower, one per patch of a full image, by their tensor name from the exporter; null if it has none.
   */
  readonly learnedPositions: { readonly name: string; readonly side: number } | null
  /** Image size for the trial run, the minimum that the graph accepts. */
  readonly trial: Size
  /** Image sizes for the self-test of a device: small, but with at least 64 patches, because some devices fail only from there on. */
  readonly selfTest: readonly Size[]
}

/** Number of slices of a clip of `frames` frames. */
export function slicesOf({ framesPerSlice }: Pick<TowerForm, 'framesPerSlice'>, frames: number): number {
  return Math.ceil(frames / framesPerSlice)
}

/** Input and output size of a frame, known before it is decoded. */
export function frameShape(form: TowerForm, frame: Size, limits: FrameLimits): FrameShape {
  const size = form.size(frame, limits)
  return { ...size, ...form.tokens(size) }
}

/** Notice if frames have more pixels than allowed, because the model does not support fewer; empty if the limit is met. */
export function ignoredPixelLimit({ width, height }: Size, maxPixels: number | undefined): string[] {
  if (maxPixels === undefined || width * height <= maxPixels) return []
  return [`The limit of ${maxPixels} pixels per frame is exceeded because the minimum size of this model is ${width} × ${height}.`]
}
