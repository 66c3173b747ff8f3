import { mergedOrder } from './patches.ts'

/** Fixed in the towers of Qwen2-VL and Qwen2.5-VL, without a setting. */
const THETA = 10000

export interface RotaryTables {
  /** [patches, headSize/2], as for `sin`. */
  readonly cos: Float32Array<ArrayBuffer>
  readonly sin: Float32Array<ArrayBuffer>
}

/**
 * Computes cosines and sines for a grid's patches in merged order: in every head, the first quarter of the angles depends on the patch's
 * row, the second on its column. The operator applies the same angles to the other half of the head. Rounds to 32 bits where the reference
 * does (frequency, angle, result).
 */
export function rotaryTables(gridHeight: number, gridWidth: number, mergeSize: number, headSize: number): RotaryTables {
  const quarter = headSize / 4
  const frequencies = Float32Array.from({ length: quarter }, (_, i) => 1 / Math.fround(THETA ** Math.fround((2 * i) / (headSize / 2))))
  const half = headSize / 2
  const cos = new Float32Array(gridHeight * gridWidth * half)
  const sin = new Float32Array(cos.length)
  let at = 0
  for (const [row, column] of mergedOrder(gridHeight, gridWidth, mergeSize)) {
    for (const position of [row, column]) {
      for (const frequency of frequencies) {
        const angle = Math.fround(position * frequency)
        cos[at] = Math.cos(angle)
        sin[at++] = Math.sin(angle)
      }
    }
  }
  return { cos, sin }
}
