import { TarsierError } from '../../shared/errors.ts'
import { roundHalfToEven } from '../media/sampling.ts'

const MAX_ASPECT = 200

export interface Size {
  readonly width: number
  readonly height: number
}

/** Frames that share the limits of pixels. Qwen3-VL's processor compares with whole slices, and scales by frames. */
export interface SharingFrames {
  readonly count: number
  readonly counted: number
}

const ONE: SharingFrames = { count: 1, counted: 1 }

/**
 * Qwen2-VL's smart_resize: rounds the sides to multiples of `factor`, and scales the image to between `minPixels` and `maxPixels`, keeping
 * the aspect ratio as far as the multiples allow; each side is at least one multiple. Throws `no-frames` for aspect ratios above 200:1.
 * @param frames number of frames that share the limits. Defaults to one
 */
export function smartResize(
  { width, height }: Size,
  factor: number,
  minPixels: number,
  maxPixels: number,
  { count, counted }: SharingFrames = ONE,
): Size {
  if (Math.max(width, height) / Math.min(width, height) > MAX_ASPECT) {
    throw new TarsierError(
      'no-frames',
      `A picture of ${width}×${height} is too narrow: the model supports aspect ratios up to ${MAX_ASPECT}:1. Crop or pad it first.`,
      { details: { width, height } },
    )
  }
  // A side below half a multiple rounds to 0, as in Transformers, so such an image is scaled up to the minimum.
  const nearest = (side: number) => roundHalfToEven(side / factor) * factor
  const near = { width: nearest(width), height: nearest(height) }
  if (counted * near.width * near.height > maxPixels) {
    const shrink = Math.sqrt((count * height * width) / maxPixels)
    const below = (side: number) => Math.max(factor, Math.floor(side / shrink / factor) * factor)
    return { width: below(width), height: below(height) }
  }
  if (counted * near.width * near.height < minPixels) {
    const grow = Math.sqrt(minPixels / (count * height * width))
    const above = (side: number) => Math.ceil((side * grow) / factor) * factor
    return { width: above(width), height: above(height) }
  }
  return { width: Math.max(factor, near.width), height: Math.max(factor, near.height) }
}
