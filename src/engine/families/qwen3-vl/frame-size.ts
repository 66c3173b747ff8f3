import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import { roundHalfToEven } from '../../media/sampling.ts'
import { type Size, smartResize } from '../../vision/smart-resize.ts'
import type { FrameLimits } from '../../vision/types.ts'

/**
 * Returns the size of a frame for the tower, by the rules of Qwen3-VL's processors: all frames of a clip together have limits, and a frame alone is a
 * picture, with the limits of the image processor. Fine-tunes may have a limit for each frame of a clip. The user's minimum replaces the model's, and the user's maximum also holds below it.
 */
export function frameSize(
  frame: Size,
  { frameCount, maxPixels = Number.POSITIVE_INFINITY, minPixels: givenMinimum }: FrameLimits,
  { preprocessing, vision }: Pick<Qwen3VlManifest, 'preprocessing' | 'vision'>,
): Size {
  const cell = vision.patchSize * vision.mergeSize
  // The processor rejects frames with a shorter side; they are enlarged.
  const { minPixels, maxPixels: most, clipMinPixels, clipMaxPixels, frameMaxPixels = Number.POSITIVE_INFINITY } = preprocessing
  const ofFrame = frameCount > 1 ? Math.min(maxPixels, frameMaxPixels) : maxPixels
  const ofClip = { count: frameCount, counted: roundHalfToEven(frameCount / vision.temporalPatchSize) * vision.temporalPatchSize }
  const own =
    frameCount > 1
      ? smartResize(frame, cell, Math.min((givenMinimum ?? 0) * frameCount || clipMinPixels, clipMaxPixels), clipMaxPixels, ofClip)
      : smartResize(frame, cell, Math.min(givenMinimum ?? minPixels, most), most)
  return own.width * own.height <= ofFrame ? own : smartResize(frame, cell, 0, ofFrame)
}
