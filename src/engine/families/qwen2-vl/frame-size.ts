import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { type Size, smartResize } from '../../vision/smart-resize.ts'

export interface FrameSizeOptions {
  readonly preprocessing: Pick<Tarsier2Manifest['preprocessing'], 'minPixels' | 'maxPixels' | 'frameMaxPixels' | 'clipMaxPixels'>
  readonly vision: Pick<Tarsier2Manifest['vision'], 'patchSize' | 'mergeSize' | 'temporalPatchSize'>
  /** Frames that share the clip's pixel budget. */
  readonly frameCount: number
  /** Further limit on the pixels of one frame, from the user; the image processor's minimum goes before it. */
  readonly maxPixels?: number | undefined
  /** Takes the place of the checkpoint's own least, from the user; within the greatest. */
  readonly minPixels?: number | undefined
}

export interface FrameSize extends Size {
  /** Rows and columns of visual tokens. */
  readonly grid: readonly [height: number, width: number]
}

/** What each of the two resizes makes of a frame: Tarsier2's own, which only shrinks to the clip's budget, and the checkpoint's image processor's. */
export function frameSizes(width: number, height: number, options: FrameSizeOptions): [budgeted: Size, final: FrameSize] {
  const { preprocessing, vision } = options
  const userLimit = options.maxPixels ?? Number.POSITIVE_INFINITY
  // A frame fills its temporal patch by itself, so the reference counts it that many times.
  const share = Math.floor(preprocessing.clipMaxPixels / (vision.temporalPatchSize * Math.max(1, options.frameCount)))
  const budget = Math.max(1, Math.min(preprocessing.frameMaxPixels, share, userLimit))
  const budgeted = smartResize({ width, height }, 1, 0, budget)
  const cell = vision.patchSize * vision.mergeSize
  const minPixels = Math.min(options.minPixels ?? preprocessing.minPixels, preprocessing.maxPixels)
  const final = processed(budgeted, cell, { ...preprocessing, minPixels }, userLimit)
  return [budgeted, { ...final, grid: [final.height / cell, final.width / cell] }]
}

/**
 * The image processor's resize. It knows nothing of the user's limit and may go a little beyond it, so a result that keeps the limit is
 * preferred, unless it had fewer pixels than the processor gives any picture.
 */
function processed(size: Size, cell: number, { minPixels, maxPixels }: FrameSizeOptions['preprocessing'], userLimit: number): Size {
  const own = smartResize(size, cell, minPixels, maxPixels)
  if (userLimit < minPixels || own.width * own.height <= userLimit) return own
  const limited = smartResize(size, cell, minPixels, Math.min(maxPixels, userLimit))
  return limited.width * limited.height < minPixels ? own : limited
}
