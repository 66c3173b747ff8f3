import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import { type Size, smartResize } from '../../vision/smart-resize.ts'
import type { FrameLimits } from '../../vision/types.ts'

/** The least limit on the pixels of a frame, relative to the minimum, however many frames share the clip's budget. */
const LEAST_MAXIMUM = 1.05

/**
 * Returns the size of a frame for the tower, by the rules of Qwen2.5-VL's processor (`fetch_video` in qwen-vl-utils 0.0.10). A frame alone is a picture,
 * with the limits of the image processor. The user's minimum replaces the model's, and the user's maximum also holds below it.
 */
export function frameSize(
  frame: Size,
  { frameCount, maxPixels = Number.POSITIVE_INFINITY, minPixels: givenMinimum }: FrameLimits,
  { preprocessing, vision }: Pick<Qwen25VlManifest, 'preprocessing' | 'vision'>,
): Size {
  const cell = vision.patchSize * vision.mergeSize
  const [ownMinimum, most] =
    frameCount > 1 ? clipLimits(preprocessing, vision, frameCount) : [preprocessing.minPixels, preprocessing.maxPixels]
  const own = smartResize(frame, cell, Math.min(givenMinimum ?? ownMinimum, most), most)
  return own.width * own.height <= maxPixels ? own : smartResize(frame, cell, 0, maxPixels)
}

function clipLimits(
  { frameMinPixels, frameMaxPixels, clipMaxPixels }: Qwen25VlManifest['preprocessing'],
  { temporalPatchSize }: Pick<Qwen25VlManifest['vision'], 'temporalPatchSize'>,
  frameCount: number,
): readonly [least: number, most: number] {
  const share = Math.min(frameMaxPixels, (clipMaxPixels / frameCount) * temporalPatchSize)
  return [frameMinPixels, Math.max(share, Math.trunc(frameMinPixels * LEAST_MAXIMUM))]
}
