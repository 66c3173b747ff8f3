import type { RgbImage } from '../media/types.ts'
import type { Patching } from './patches.ts'
import type { Size } from './smart-resize.ts'
import type { NamedFloats } from './thread-messages.ts'
import type { FrameLimits, FrameShape, FrameTokens } from './types.ts'

/** An input or an output of a graph, in 32-bit floats. */
export interface GraphValue {
  readonly name: string
  readonly axes: number
  /** Size of the last axis. */
  readonly last: number
}

/** What one kind of tower adds to the mechanism that all share ({@link OnnxTower}). All of it is pure. */
export interface TowerForm {
  readonly patching: Patching
  /** Size that a frame is brought to. */
  size(frame: Size, limits: FrameLimits): Size
  /** A frame brought to that size. */
  prepare(frame: RgbImage, limits: FrameLimits): RgbImage
  /** What becomes of a picture of such a size. */
  tokens(picture: Size): FrameTokens
  /** The graph's inputs beside `pixels`, for pictures of so many patches. Their memory moves to the tower's thread, so it is new each time. */
  furtherInputs(rows: number, columns: number): NamedFloats[]
  /** The graph's inputs beside `pixels`, as its file must have them. */
  readonly graphInputs: readonly GraphValue[]
  /** Positions that the tower has learned for each patch of a whole picture, by the name that our writer gives them; null where it has none. */
  readonly learnedPositions: { readonly name: string; readonly side: number } | null
  /** Size of a picture for the trial run, as small as the graph takes. */
  readonly trial: Size
  /** Sizes of pictures for the self-test of a device: small ones, but of 64 patches and more, for errors of some devices begin there. */
  readonly selfTest: readonly Size[]
}

/** Size and tokens of a frame, known before it is decoded. */
export function frameShape(form: TowerForm, frame: Size, limits: FrameLimits): FrameShape {
  const size = form.size(frame, limits)
  return { ...size, ...form.tokens(size) }
}

/** What to say where frames have more pixels than were allowed, because the model takes no fewer; none where the limit is kept. */
export function unkeptLimit({ width, height }: Size, maxPixels: number | undefined): string[] {
  if (maxPixels === undefined || width * height <= maxPixels) return []
  return [`The limit of ${maxPixels} pixels a frame is not kept: this model looks at no fewer than ${width} × ${height}.`]
}
