import type { Patching } from './patches.ts'
import { rotaryTables } from './rotary.ts'
import type { NamedFloats } from './thread-messages.ts'
import type { GraphValue, TowerForm } from './tower-form.ts'

/** Tokens along each side of the image of the trial run. */
const TRIAL_TOKENS = 2
/** Rows and columns of tokens in the self-test images: 64 and 140 patches. In the second, windows of 8 by 8 patches reach beyond the grid. */
const SELF_TEST_TOKENS = [
  [4, 4],
  [5, 7],
] as const

/** Further inputs of a graph. */
export interface OwnInputs {
  /** Their expected shapes. */
  readonly graph: readonly GraphValue[]
  /** Their values for an image of `rows` by `columns` patches. */
  of(rows: number, columns: number): readonly NamedFloats[]
}

/**
 * What towers have in common whose images are grids of any size: tokens of merged patches, and the tables of two-dimensional rotary positions as inputs of
 * the graph. Inputs are kept for the last grid, since the frames of a clip have one size.
 */
export function rotaryGrid(
  { patchSize, mergeSize, headSize }: Patching & { readonly headSize: number },
  own: OwnInputs = { graph: [], of: () => [] },
): Pick<TowerForm, 'tokens' | 'furtherInputs' | 'graphInputs' | 'trial' | 'selfTest'> {
  const cell = patchSize * mergeSize
  const half = headSize / 2
  const inputsOf = (rows: number, columns: number): readonly NamedFloats[] => {
    const { cos, sin } = rotaryTables(rows, columns, mergeSize, headSize)
    const dims = [rows * columns, half]
    return [{ name: 'cos', dims, data: cos }, { name: 'sin', dims, data: sin }, ...own.of(rows, columns)]
  }
  let last: { readonly key: string; readonly inputs: readonly NamedFloats[] } | null = null
  return {
    tokens({ width, height }) {
      const grid = [height / cell, width / cell] as const
      return { grid, rows: grid[0] * grid[1] }
    },
    furtherInputs(rows, columns) {
      const key = `${rows}x${columns}`
      if (last?.key !== key) last = { key, inputs: inputsOf(rows, columns) }
      return last.inputs.map(({ data, ...input }) => ({ ...input, data: data.slice() }))
    },
    graphInputs: [{ name: 'cos', axes: 2, last: half }, { name: 'sin', axes: 2, last: half }, ...own.graph],
    trial: { width: TRIAL_TOKENS * cell, height: TRIAL_TOKENS * cell },
    selfTest: SELF_TEST_TOKENS.map(([rows, columns]) => ({ width: columns * cell, height: rows * cell })),
  }
}
