import { TarsierError } from '../../../shared/errors.ts'

/** Values of a row that share a scale in 4 bits. */
export const BLOCK_4 = 32
/** What stands for zero in 8 bits, of weights and of inputs. */
export const ZERO_8 = 128
const LARGEST_8 = 127
const LARGEST_4 = 15
/** Rows whose columns are written side by side. */
const STRIP = 64

export interface Rows8 {
  /** [columns, rows]: MatMulInteger's way round. */
  readonly weights: Uint8Array
  /** [rows]: what one step is worth. */
  readonly scales: Float32Array
}

export interface Blocks4 {
  /** [rows, blocks of a row, 16]: MatMulNBits' form, the first of two values in the lower half of a byte. */
  readonly weights: Uint8Array
  /** [rows * blocks of a row] */
  readonly scales: Float32Array
  /** Two blocks a byte, each row beginning with a byte of its own. */
  readonly zeroPoints: Uint8Array
}

/** A matrix [rows, columns] in 8 bits, the same steps on both sides of zero, a scale for each row. */
export function quantizeRows(values: Float32Array, rows: number, columns: number, name: string): Rows8 {
  const weights = new Uint8Array(rows * columns)
  const scales = new Float32Array(rows)
  const inverse = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    let largest = 0
    // Math.max, for it keeps NaN, which comparisons would lose.
    for (let i = row * columns; i < (row + 1) * columns; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0))
    expectFinite(largest, name)
    scales[row] = largest / LARGEST_8
    inverse[row] = largest === 0 ? 0 : LARGEST_8 / largest
  }
  for (let first = 0; first < rows; first += STRIP) {
    const end = Math.min(rows, first + STRIP)
    for (let column = 0; column < columns; column++) {
      for (let row = first; row < end; row++) {
        weights[column * rows + row] = Math.round((values[row * columns + column] ?? 0) * (inverse[row] ?? 0)) + ZERO_8
      }
    }
  }
  return { weights, scales }
}

/** A matrix [rows, columns] in 4 bits: of each block of a row the range, zero in it, in 15 steps. A row's last block may be shorter. */
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
  throw new TarsierError('model-damaged', `The tensor "${name}" holds numbers that are none. Fetch the checkpoint again.`, {
    details: { tensor: name },
  })
}
