import { mergedOrder } from '../../vision/patches.ts'

/** Learned positions around a patch. */
export const CORNERS = 4

export interface StretchedPositions {
  /** [patches, 4]: numbers of the learned positions around each patch, in merged order. Numbers are floats, as inputs of a graph. */
  readonly corners: Float32Array<ArrayBuffer>
  /** [patches, 4]: how much each of them counts. */
  readonly shares: Float32Array<ArrayBuffer>
}

/** Stretches a square of `side` by `side` learned positions over a grid of patches: the corners stay, and between them values are interpolated. */
export function stretchPositions(rows: number, columns: number, mergeSize: number, side: number): StretchedPositions {
  const down = placesOf(rows, side)
  const across = placesOf(columns, side)
  const corners = new Float32Array(rows * columns * CORNERS)
  const shares = new Float32Array(corners.length)
  let at = 0
  for (const [row, column] of mergedOrder(rows, columns, mergeSize)) {
    const [y, x] = [down[row] ?? 0, across[column] ?? 0]
    const [top, left] = [Math.trunc(y), Math.trunc(x)]
    const [bottom, right] = [Math.min(top + 1, side - 1), Math.min(left + 1, side - 1)]
    const [low, far] = [Math.fround(y - top), Math.fround(x - left)]
    corners.set([top * side + left, top * side + right, bottom * side + left, bottom * side + right], at)
    shares.set([(1 - low) * (1 - far), (1 - low) * far, low * (1 - far), low * far], at)
    at += CORNERS
  }
  return { corners, shares }
}

/** `torch.linspace(0, side - 1, count)`, which computes in 32 bits and from both ends. */
function placesOf(count: number, side: number): number[] {
  const step = count === 1 ? 0 : Math.fround((side - 1) / (count - 1))
  const end = (i: number) => Math.fround(side - 1 - Math.fround(step * (count - 1 - i)))
  return Array.from({ length: count }, (_, i) => (i < count / 2 || count === 1 ? Math.fround(step * i) : end(i)))
}
