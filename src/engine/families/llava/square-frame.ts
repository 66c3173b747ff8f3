import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import { resizeBicubic } from '../../media/resize.ts'
import type { RgbImage } from '../../media/types.ts'

export interface Squaring extends Pick<TarsierManifest['preprocessing'], 'square' | 'shortestSide' | 'mean'> {
  /** Side of the result; at most `shortestSide`. */
  readonly side: number
}

/**
 * Preprocesses a frame for CLIP as Tarsier version 1 does, identical to Pillow: makes it square, resizes its shorter side to `shortestSide`
 * with the bicubic filter, and crops the centre. Every resize rounds to bytes, so the frame is resized twice where the reference does so.
 */
export function squareFrame(frame: RgbImage, { square, shortestSide, mean, side }: Squaring): RgbImage {
  const longer = Math.max(frame.width, frame.height)
  let image = frame
  if (square === 'stretch') image = resized(frame, longer, longer)
  if (square === 'pad') image = padded(frame, longer, mean)
  const shorter = Math.min(image.width, image.height)
  const scaled = (length: number) => (length === shorter ? shortestSide : Math.trunc((shortestSide * length) / shorter))
  return cropped(resized(image, scaled(image.width), scaled(image.height)), side)
}

function resized(image: RgbImage, width: number, height: number): RgbImage {
  return width === image.width && height === image.height ? image : resizeBicubic(image, width, height)
}

/** Centres an image in a square with the mean colour, rounded down to whole numbers. */
function padded({ width, height, rgb }: RgbImage, side: number, mean: readonly number[]): RgbImage {
  if (width === height) return { width, height, rgb }
  const colour = mean.map((value) => Math.trunc(value * 255))
  const out = new Uint8Array(side * side * 3)
  for (let i = 0; i < out.length; i += 1) out[i] = colour[i % 3] ?? 0
  const left = (side - width) >> 1
  const top = (side - height) >> 1
  for (let row = 0; row < height; row += 1) {
    out.set(rgb.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * side + left) * 3)
  }
  return { width: side, height: side, rgb: out }
}

function cropped(image: RgbImage, side: number): RgbImage {
  if (image.width === side && image.height === side) return image
  const left = (image.width - side) >> 1
  const top = (image.height - side) >> 1
  const rgb = new Uint8Array(side * side * 3)
  for (let row = 0; row < side; row += 1) {
    const from = ((top + row) * image.width + left) * 3
    rgb.set(image.rgb.subarray(from, from + side * 3), row * side * 3)
  }
  return { width: side, height: side, rgb }
}
