import { TarsierError } from '../../../shared/errors.ts'

/** Number of values in a row that share a scale in 4 bits. */
export const BLOCK_4 = 32
const LARGEST_8 = 127
const LARGEST_4 = 15
/** Number of rows that are transposed together. */
const STRIP = 64

export interface Rows8 {
  /** [columns, rows], the order of MatMulInteger. */
  readonly weights: Int8Array
  /** [rows]: step size. */
  readonly scales: Float32Array
}

export interface Blocks4 {
  /** [rows, blocks per row, 16], the format of MatMulNBits: the first of two values is in the lower half of a byte. */
  readonly weights: Uint8Array
  /** [rows * blocks per row] */
  readonly scales: Float32Array
  /** Two blocks per byte; each row starts at a new byte. */
  readonly zeroPoints: Uint8Array
}

/** Quantizes a matrix [rows, columns] to 8 bits, symmetrically around zero, with a scale for each row. */
export function quantizeRows(values: Float32Array, rows: number, columns: number, name: string): Rows8 {
  const weights = new Int8Array(rows * columns)
  const scales = new Float32Array(rows)
  const inverse = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    let largest = 0
    // Math.max propagates NaN, unlike comparisons.
    for (let i = row * columns; i < (row + 1) * columns; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0))
    expectFinite(largest, name)
    scales[row] = largest / LARGEST_8
    inverse[row] = largest === 0 ? 0 : LARGEST_8 / largest
  }
  for (let first = 0; first < rows; first += STRIP) {
    const end = Math.min(rows, first + STRIP)
    for (let column = 0; column < columns; column++) {
      for (let row = first; row < end; row++) {
        weights[column * rows + row] = Math.round((values[row * columns + column] ?? 0) * (inverse[row] ?? 0))
      }
    }
  }
  return { weights, scales }
}

/**
 * Quantizes a matrix [rows, columns] to 4 bits: the range of each block of a row, extended to include zero, in 15 steps. The last block of
 * a row may be shorter.
 */
export function quantizeBlocks(values: Float32Array, rows: number, columns: number, name: string): Blocks4 {
  const blocks = Math.ceil(columns / BLOCK_4)
  const half = BLOCK_4 / 2
  const weights = new Uint8Array(rows * blocks * half)
  const scales = new Float32Array(rows * blocks)
  const zeroBytes = Math.ceil(blocks / 2)
  const zeroPoints = new Uint8Array(rows * zeroBytes)
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const begin = row * columns + block * BLOCK_4
      const end = Math.min(begin + BLOCK_4, (row + 1) * columns)
      let [least, most] = [0, 0]
      for (let i = begin; i < end; i++) {
        least = Math.min(least, values[i] ?? 0)
        most = Math.max(most, values[i] ?? 0)
      }
      const range = most - least
      expectFinite(range, name)
      const inverse = range === 0 ? 0 : LARGEST_4 / range
      const zero = Math.round(-least * inverse)
      const at = row * blocks + block
      scales[at] = range / LARGEST_4
      zeroPoints[row * zeroBytes + (block >> 1)] = (zeroPoints[row * zeroBytes + (block >> 1)] ?? 0) | (zero << (block % 2 === 0 ? 0 : 4))
      for (let i = begin; i < end; i++) {
        const step = Math.max(0, Math.min(LARGEST_4, Math.round((values[i] ?? 0) * inverse) + zero))
        const byte = at * half + ((i - begin) >> 1)
        weights[byte] = (weights[byte] ?? 0) | (step << ((i - begin) % 2 === 0 ? 0 : 4))
      }
    }
  }
  return { weights, scales, zeroPoints }
}

function expectFinite(value: number, name: string): void {
  if (Number.isFinite(value)) return
  throw new TarsierError('model-damaged', `The tensor "${name}" contains NaN or infinite values. Download the checkpoint again.`, {
    details: { tensor: name },
  })
}
