import type { RgbImage } from './types.ts'

const SUPPORT = 2

/** Catmull-Rom (a = -0.5) with the terms in Pillow's order: another order differs in the last bit, which changes the rounding. */
function bicubic(distance: number): number {
  const x = Math.abs(distance)
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5
  return 0
}

/** For each output pixel: the start of its window, the number of input pixels in it, and their weights (with a stride of `size`). */
export interface FilterWindows<Weights> {
  readonly size: number
  readonly starts: Int32Array
  readonly counts: Int32Array
  readonly weights: Weights
}

/** Pillow's `precompute_coeffs`: for downscaling, the filter is widened by the scale. The weights of a window have a sum of 1. */
export function bicubicWindows(from: number, to: number): FilterWindows<Float64Array> {
  const scale = from / to
  const filterScale = Math.max(scale, 1)
  const support = SUPPORT * filterScale
  const size = Math.ceil(support) * 2 + 1
  const starts = new Int32Array(to)
  const counts = new Int32Array(to)
  const weights = new Float64Array(to * size)
  const step = 1 / filterScale
  for (let i = 0; i < to; i += 1) {
    const centre = (i + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const count = Math.min(from, Math.trunc(centre + support + 0.5)) - start
    const window = weights.subarray(i * size, i * size + count)
    let sum = 0
    for (let x = 0; x < count; x += 1) {
      const weight = bicubic((x + start - centre + 0.5) * step)
      window[x] = weight
      sum += weight
    }
    if (sum !== 0) for (let x = 0; x < count; x += 1) window[x] = (window[x] ?? 0) / sum
    starts[i] = start
    counts[i] = count
  }
  return { size, starts, counts, weights }
}

/** Throws for a picture whose bytes do not match its size, and for sides that are not positive whole numbers. */
export function checkSizes({ width, height, rgb }: RgbImage, toWidth: number, toHeight: number): void {
  if (rgb.length !== width * height * 3)
    throw new RangeError(`a picture of ${width}×${height} has ${width * height * 3} bytes, not ${rgb.length}`)
  for (const side of [width, height, toWidth, toHeight]) {
    if (!Number.isInteger(side) || side < 1) throw new RangeError(`a side of ${side} pixels`)
  }
}
