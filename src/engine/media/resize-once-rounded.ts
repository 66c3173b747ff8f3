import { bicubicWindows, checkSizes, type FilterWindows } from './resize-windows.ts'
import type { RgbImage } from './types.ts'

type Windows = FilterWindows<Float64Array>

/**
 * torchvision's `functional.resize(frame, size, BICUBIC, antialias=True)` for 8-bit RGB: the filter of `resizeBicubic`, but only the result is rounded to 8
 * bits, not what the horizontal pass gives. At sharp edges the two differ by several steps. Values are those of torchvision up to its rounding to 32 bits,
 * which changes a byte by one at most. Returns a copy if the size is unchanged.
 */
export function resizeRoundedOnce(image: RgbImage, width: number, height: number): RgbImage {
  checkSizes(image, width, height)
  const narrow = width === image.width ? image.rgb : resizeColumns(image, width)
  // Assignment rounds halves to even, and clamps.
  const rgb =
    height === image.height ? Uint8ClampedArray.from(narrow) : resizeRows(narrow, width * 3, bicubicWindows(image.height, height), height)
  return { width, height, rgb: new Uint8Array(rgb.buffer) }
}

function resizeColumns({ width: sourceWidth, height, rgb }: RgbImage, width: number): Float32Array {
  const { size, starts, counts, weights } = bicubicWindows(sourceWidth, width)
  const out = new Float32Array(width * height * 3)
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 3) {
      let pixel = (y * sourceWidth + (starts[x] as number)) * 3
      let [red, green, blue] = [0, 0, 0]
      const begin = x * size
      const end = begin + (counts[x] as number)
      for (let k = begin; k < end; k += 1, pixel += 3) {
        const weight = weights[k] as number
        red += (rgb[pixel] as number) * weight
        green += (rgb[pixel + 1] as number) * weight
        blue += (rgb[pixel + 2] as number) * weight
      }
      out[at] = red
      out[at + 1] = green
      out[at + 2] = blue
    }
  }
  return out
}

function resizeRows(
  source: Uint8Array | Float32Array,
  stride: number,
  { size, starts, counts, weights }: Windows,
  height: number,
): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(stride * height)
  const sums = new Float64Array(stride)
  for (let y = 0; y < height; y += 1) {
    sums.fill(0)
    let row = (starts[y] as number) * stride
    for (let k = y * size; k < y * size + (counts[y] as number); k += 1, row += stride) {
      const weight = weights[k] as number
      for (let x = 0; x < stride; x += 1) sums[x] = (sums[x] as number) + (source[row + x] as number) * weight
    }
    out.set(sums, y * stride)
  }
  return out
}
