import type { SceneObject, State } from '../../src/bench/moving-shapes/scene.ts'
import { CELL } from '../../src/bench/moving-shapes/training-grids.ts'
import { colorNames, shapeNames, shapeSymmetry } from '../../src/bench/moving-shapes/world.ts'

/**
 * Number of label values per visual token: object (-1 for none), color, shape, offset to its centre in tokens (x, y), radius in tokens, cosine and
 * sine of its rotation.
 */
export const LABEL_VALUES = 8
/** Minimum number of an object's pixels in a token for the object to count as in it. */
const MIN_PIXELS = 40

/** Returns the labels of an image's visual tokens, row by row, from the renderer's mask. */
export function cellLabels(
  mask: Uint8Array,
  rows: number,
  columns: number,
  aspect: number,
  objects: readonly { readonly object: SceneObject; readonly state: State }[],
  into: Float32Array,
): void {
  const counts = new Uint16Array(rows * columns * (objects.length + 1))
  const width = columns * CELL
  for (const [at, label] of mask.entries()) {
    if (label === 0) continue
    const cell = Math.floor(at / width / CELL) * columns + Math.floor((at % width) / CELL)
    counts[cell * (objects.length + 1) + label] = (counts[cell * (objects.length + 1) + label] ?? 0) + 1
  }
  for (let cell = 0; cell < rows * columns; cell++) {
    let best = 0
    let most = MIN_PIXELS - 1
    for (let label = 1; label <= objects.length; label++) {
      const count = counts[cell * (objects.length + 1) + label] ?? 0
      if (count > most) {
        most = count
        best = label
      }
    }
    const found = objects[best - 1]
    const at = cell * LABEL_VALUES
    if (!found) {
      into.fill(0, at, at + LABEL_VALUES)
      into[at] = -1
      continue
    }
    const { object, state } = found
    const turn = shapeSymmetry[object.shape] * state.angle
    into[at] = best - 1
    into[at + 1] = colorNames.indexOf(object.color)
    into[at + 2] = shapeNames.indexOf(object.shape)
    into[at + 3] = (state.x / aspect) * columns - (cell % columns) - 0.5
    into[at + 4] = state.y * rows - Math.floor(cell / columns) - 0.5
    into[at + 5] = state.radius * rows
    into[at + 6] = Math.cos(turn)
    into[at + 7] = Math.sin(turn)
  }
}
