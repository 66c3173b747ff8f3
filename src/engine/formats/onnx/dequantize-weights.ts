import type { Blocks4, Rows8 } from './quantize-weights.ts'
import { BLOCK_4 } from './quantize-weights.ts'

/** Number of rows that are transposed together. */
const STRIP = 64

/** Returns the matrix [rows, columns] that 8-bit weights stand for: the inverse of `quantizeRows`, except for its rounding. */
export function dequantizeRows({ weights, scales }: Rows8, rows: number, columns: number): Float32Array {
  const values = new Float32Array(rows * columns)
  for (let first = 0; first < rows; first += STRIP) {
    const end = Math.min(rows, first + STRIP)
    for (let column = 0; column < columns; column++) {
      for (let row = first; row < end; row++) values[row * columns + column] = (weights[column * rows + row] ?? 0) * (scales[row] ?? 0)
    }
  }
  return values
}

/** Returns the matrix [rows, columns] that 4-bit weights stand for: the inverse of `quantizeBlocks`, except for its rounding. */
export function dequantizeBlocks({ weights, scales, zeroPoints }: Blocks4, rows: number, columns: number): Float32Array {
  const values = new Float32Array(rows * columns)
  const blocks = Math.ceil(columns / BLOCK_4)
  const zeroBytes = Math.ceil(blocks / 2)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const block = Math.floor(column / BLOCK_4)
      const at = row * blocks + block
      const zero = half(zeroPoints[row * zeroBytes + (block >> 1)], block)
      const inside = column - block * BLOCK_4
      const step = half(weights[at * (BLOCK_4 / 2) + (inside >> 1)], inside)
      values[row * columns + column] = (step - zero) * (scales[at] ?? 0)
    }
  }
  return values
}

/** Four bits of a byte: the lower ones for an even index. */
function half(byte = 0, index: number): number {
  return index % 2 === 0 ? byte & 15 : byte >> 4
}
