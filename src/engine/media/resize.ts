import { bicubicWindows, checkSizes, type FilterWindows } from './resize-windows.ts'
import type { RgbImage } from './types.ts'

/** Pillow's fixed-point precision for 8-bit images: 32 bits minus 8 for a pixel and 2 for overshoot of the filter. */
const PRECISION_BITS = 32 - 8 - 2
/** In PyTorch, weights must be less than this. */
const TORCH_LIMIT = 1 << 15

/** Whose results a resize has. PyTorch's have weights in 16 bits, and differ from Pillow's by one step in about half a percent of the bytes. */
type ResizeKind = 'pillow' | 'torch'

/** Windows with weights in fixed point, with this many bits after the point: Pillow's `normalize_coeffs_8bpc`. */
interface Windows extends FilterWindows<Int32Array> {
  readonly bits: number
}

function fixedPointWindows(from: number, to: number, kind: ResizeKind): Windows {
  const windows = bicubicWindows(from, to)
  const bits = kind === 'pillow' ? PRECISION_BITS : torchBits(windows.weights)
  const weights = Int32Array.from(windows.weights, (weight) => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << bits)))
  return { ...windows, weights, bits }
}

/** As many bits as the largest weight allows (`_compute_index_ranges_int16_weights` in ATen's UpSampleKernel.cpp). */
function torchBits(weights: Float64Array): number {
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0)
  let bits = 0
  while (bits < PRECISION_BITS && Math.trunc(0.5 + largest * (1 << (bits + 1))) < TORCH_LIMIT) bits += 1
  return bits
}

/**
 * PyTorch's antialiased bicubic resize of 8-bit images, as torchvision's `v2.functional.resize` and transformers' fast processors have it, byte for byte: as
 * {@link resizeBicubic}, but with weights in 16 bits, and always with the horizontal pass first.
 */
export function resizeAsTorch(image: RgbImage, width: number, height: number): RgbImage {
  return resize(image, width, height, 'torch')
}

/**
 * Pillow 13's `Image.resize(size, BICUBIC)` for RGB, byte for byte: antialiased, in two passes, each rounded to
 * 8 bits. Returns a copy if the size is unchanged.
 */
export function resizeBicubic(image: RgbImage, width: number, height: number): RgbImage {
  return resize(image, width, height, 'pillow')
}

function resize(image: RgbImage, width: number, height: number, kind: ResizeKind): RgbImage {
  checkSizes(image, width, height)
  const columns = width === image.width ? null : fixedPointWindows(image.width, width, kind)
  const rows = height === image.height ? null : fixedPointWindows(image.height, height, kind)
  if (!columns || !rows) {
    const rgb = columns
      ? resizeColumns(image.rgb, image.width, 0, height, columns, width)
      : rows
        ? resizeRows(image.rgb, width * 3, rows, height)
        : image.rgb.slice()
    return { width, height, rgb }
  }
  // Pillow before 13 always started with the horizontal pass; the bytes differ in the last bit.
  if (kind === 'pillow' && height < image.height && image.height - height > 2 * (image.width - width)) {
    const low = resizeRows(image.rgb, image.width * 3, rows, height)
    return { width, height, rgb: resizeColumns(low, image.width, 0, height, columns, width) }
  }
  // Only the rows that the vertical pass reads.
  const first = rows.starts[0] ?? 0
  const last = (rows.starts[height - 1] ?? 0) + (rows.counts[height - 1] ?? 0)
  const narrow = resizeColumns(image.rgb, image.width, first, last, columns, width)
  return { width, height, rgb: resizeRows(narrow, width * 3, { ...rows, starts: rows.starts.map((start) => start - first) }, height) }
}

/** Horizontal pass. Computes two rows at a time to load half as many weights; an odd last row is computed twice. */
function resizeColumns(source: Uint8Array, sourceWidth: number, first: number, last: number, windows: Windows, width: number): Uint8Array {
  const { size, starts, counts, weights, bits } = windows
  const half = 1 << (bits - 1)
  const out = new Uint8ClampedArray((last - first) * width * 3)
  for (let y = first; y < last; y += 2) {
    const second = Math.min(y + 1, last - 1)
    const below = (second - y) * sourceWidth * 3
    const row = y * sourceWidth * 3
    let at = (y - first) * width * 3
    const toBelow = (second - y) * width * 3
    for (let x = 0; x < width; x += 1) {
      let pixel = row + (starts[x] as number) * 3
      let red = half
      let green = half
      let blue = half
      let redBelow = half
      let greenBelow = half
      let blueBelow = half
      const begin = x * size
      const end = begin + (counts[x] as number)
      for (let k = begin; k < end; k += 1) {
        const weight = weights[k] as number
        const under = pixel + below
        red = (red + Math.imul(source[pixel] as number, weight)) | 0
        green = (green + Math.imul(source[pixel + 1] as number, weight)) | 0
        blue = (blue + Math.imul(source[pixel + 2] as number, weight)) | 0
        redBelow = (redBelow + Math.imul(source[under] as number, weight)) | 0
        greenBelow = (greenBelow + Math.imul(source[under + 1] as number, weight)) | 0
        blueBelow = (blueBelow + Math.imul(source[under + 2] as number, weight)) | 0
        pixel += 3
      }
      out[at] = red >> bits
      out[at + 1] = green >> bits
      out[at + 2] = blue >> bits
      out[at + toBelow] = redBelow >> bits
      out[at + toBelow + 1] = greenBelow >> bits
      out[at + toBelow + 2] = blueBelow >> bits
      at += 3
    }
  }
  return new Uint8Array(out.buffer)
}

/** Vertical pass. Accumulates a whole output row at a time to read memory sequentially; adds four input rows per iteration. */
function resizeRows(source: Uint8Array, stride: number, windows: Windows, height: number): Uint8Array {
  const { size, starts, counts, weights, bits } = windows
  const half = 1 << (bits - 1)
  const out = new Uint8ClampedArray(stride * height)
  const sums = new Int32Array(stride)
  for (let y = 0; y < height; y += 1) {
    sums.fill(half)
    const count = counts[y] as number
    const begin = y * size
    let row = (starts[y] as number) * stride
    let k = 0
    for (; k + 3 < count; k += 4) {
      const a = weights[begin + k] as number
      const b = weights[begin + k + 1] as number
      const c = weights[begin + k + 2] as number
      const d = weights[begin + k + 3] as number
      for (let x = 0, at = row; x < stride; x += 1, at += 1) {
        sums[x] =
          ((sums[x] as number) +
            Math.imul(source[at] as number, a) +
            Math.imul(source[at + stride] as number, b) +
            Math.imul(source[at + 2 * stride] as number, c) +
            Math.imul(source[at + 3 * stride] as number, d)) |
          0
      }
      row += 4 * stride
    }
    for (; k < count; k += 1) {
      const weight = weights[begin + k] as number
      for (let x = 0; x < stride; x += 1) sums[x] = ((sums[x] as number) + Math.imul(source[row + x] as number, weight)) | 0
      row += stride
    }
    const to = y * stride
    for (let x = 0; x < stride; x += 1) out[to + x] = (sums[x] as number) >> bits
  }
  return new Uint8Array(out.buffer)
}
