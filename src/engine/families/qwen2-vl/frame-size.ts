import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { type Size, smartResize } from '../../vision/smart-resize.ts'

export interface FrameSizeOptions {
  readonly preprocessing: Pick<Tarsier2Manifest['preprocessing'], 'minPixels' | 'maxPixels' | 'frameMaxPixels' | 'clipMaxPixels'>
  readonly vision: Pick<Tarsier2Manifest['vision'], 'patchSize' | 'mergeSize' | 'temporalPatchSize'>
  /** Number of frames that share the clip's pixel budget. */
  readonly frameCount: number
  /** The user's limit on the pixels of a frame; the image processor's minimum takes precedence. */
  readonly maxPixels?: number | undefined
  /** The user's minimum, which replaces the checkpoint's; capped at the checkpoint's maximum. */
  readonly minPixels?: number | undefined
}

export interface FrameSize extends Size {
  /** Rows and columns of visual tokens. */
  readonly grid: readonly [height: number, width: number]
}

/**
 * Returns the sizes after the two resizes of a frame: Tarsier2's, which only shrinks to the clip's budget, and that of the checkpoint's
 * image processor.
 */
export function frameSizes(width: number, height: number, options: FrameSizeOptions): [budgeted: Size, final: FrameSize] {
  const { preprocessing, vision } = options
  const userLimit = options.maxPixels ?? Number.POSITIVE_INFINITY
  // The reference repeats a frame to fill its temporal patch, and counts each repetition.
  const share = Math.floor(preprocessing.clipMaxPixels / (vision.temporalPatchSize * Math.max(1, options.frameCount)))
  const budget = Math.max(1, Math.min(preprocessing.frameMaxPixels, share, userLimit))
  const budgeted = smartResize({ width, height }, 1, 0, budget)
  const cell = vision.patchSize * vision.mergeSize
  const minPixels = Math.min(options.minPixels ?? preprocessing.minPixels, preprocessing.maxPixels)
  const final = processed(budgeted, cell, { ...preprocessing, minPixels }, userLimit)
  return [budgeted, { ...final, grid: [final.height / cell, final.width / cell] }]
}

/**
 * The image processor's resize. The processor does not know the user's limit and may slightly exceed it, so a size within the limit is
 * preferred, unless it is below the processor's minimum.
 */
function processed(size: Size, cell: number, { minPixels, maxPixels }: FrameSizeOptions['preprocessing'], userLimit: number): Size {
  const own = smartResize(size, cell, minPixels, maxPixels)
  if (userLimit < minPixels || own.width * own.height <= userLimit) return own
  const limited = smartResize(size, cell, minPixels, Math.min(maxPixels, userLimit))
  return limited.width * limited.height < minPixels ? own : limited
}
