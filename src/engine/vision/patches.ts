import type { RgbImage } from '../media/types.ts'

const CHANNELS = 3

export interface Patching {
  readonly patchSize: number
  readonly mergeSize: number
}

/** Normalized values of all bytes, [channel][byte], rounded to 32 bits at each step like the reference's arrays. */
export function normalisationTable(mean: readonly number[], std: readonly number[]): Float32Array {
  const table = new Float32Array(CHANNELS * 256)
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let byte = 0; byte < 256; byte++) {
      const scaled = Math.fround(byte * (1 / 255))
      table[channel * 256 + byte] = Math.fround(scaled - Math.fround(mean[channel] ?? 0)) / Math.fround(std[channel] ?? 1)
    }
  }
  return table
}

/** Number of floats that {@link fillPatches} writes for each image of this size. */
export function patchFloats(width: number, height: number): number {
  return width * height * CHANNELS
}

/**
 * Writes the patches of a slice's images to `target`, starting at `offset`: patches in merged order, each in the order image, channel, row, column. An
 * image that is repeated to fill a temporal patch is written once. All images have the same size; width and height must be multiples of patch size
 * times merge size.
 */
export function fillPatches(
  images: readonly RgbImage[],
  { patchSize, mergeSize }: Patching,
  table: Float32Array,
  target: Float32Array,
  offset: number,
): void {
  const { width = 0, height = 0 } = images[0] ?? {}
  let at = offset
  for (const [row, column] of mergedOrder(height / patchSize, width / patchSize, mergeSize)) {
    const corner = (row * patchSize * width + column * patchSize) * CHANNELS
    for (const { rgb } of images) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        const base = channel * 256
        for (let y = 0; y < patchSize; y++) {
          let from = corner + y * width * CHANNELS + channel
          for (let x = 0; x < patchSize; x++, from += CHANNELS) target[at++] = table[base + (rgb[from] ?? 0)] ?? 0
        }
      }
    }
  }
}

/** Rows and columns of the patches of a grid in Qwen2-VL's order: merged cells row by row, and the patches of each cell row by row. */
export function* mergedOrder(gridHeight: number, gridWidth: number, mergeSize: number): Generator<readonly [row: number, column: number]> {
  for (let cellRow = 0; cellRow < gridHeight; cellRow += mergeSize) {
    for (let cellColumn = 0; cellColumn < gridWidth; cellColumn += mergeSize) {
      for (let y = 0; y < mergeSize; y++) {
        for (let x = 0; x < mergeSize; x++) yield [cellRow + y, cellColumn + x]
      }
    }
  }
}
