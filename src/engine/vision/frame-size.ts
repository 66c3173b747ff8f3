import type { Tarsier2Manifest } from '../../shared/model-manifest.ts'
import { type Size, smartResize } from './smart-resize.ts'

export interface FrameSizeOptions {
  readonly preprocessing: Pick<Tarsier2Manifest['preprocessing'], 'minPixels' | 'maxPixels' | 'frameMaxPixels' | 'clipMaxPixels'>
  readonly vision: Pick<Tarsier2Manifest['vision'], 'patchSize' | 'mergeSize' | 'temporalPatchSize'>
  /** Frames that share the clip's pixel budget. */
  readonly frameCount: number
  /** Further limit on the pixels of one frame, from the user; at least one visual token is kept. */
  readonly maxPixels?: number | undefined
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
  const final = smartResize(budgeted, cell, preprocessing.minPixels, Math.min(preprocessing.maxPixels, userLimit))
  return [budgeted, { ...final, grid: [final.height / cell, final.width / cell] }]
}
