import { mergedOrder } from '../../vision/patches.ts'

/** Value of a place of a window that lies outside the grid. */
const OUTSIDE = -1

export interface Windows {
  readonly count: number
  /** [count, side²]: numbers of the patches of each window, in merged order; {@link OUTSIDE} where a window reaches beyond the grid. */
  readonly patches: Float32Array<ArrayBuffer>
  /** For each patch its place in `patches`. */
  readonly places: Float32Array<ArrayBuffer>
}

/** Divides a grid of patches into windows of `side` by `side` patches, from its upper left corner. Numbers are floats, as inputs of a graph. */
export function windowsOf(rows: number, columns: number, mergeSize: number, side: number): Windows {
  const across = Math.ceil(columns / side)
  const count = across * Math.ceil(rows / side)
  const patches = new Float32Array(count * side * side).fill(OUTSIDE)
  const places = new Float32Array(rows * columns)
  let patch = 0
  for (const [row, column] of mergedOrder(rows, columns, mergeSize)) {
    const window = Math.floor(row / side) * across + Math.floor(column / side)
    const place = window * side * side + (row % side) * side + (column % side)
    patches[place] = patch
    places[patch++] = place
  }
  return { count, patches, places }
}
