import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { resizeBicubic } from '../../media/resize.ts'
import { type RotaryTables, rotaryTables } from '../../vision/rotary.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import { frameSizes } from './frame-size.ts'

/** Tokens along each side of the image of the trial run. */
const TRIAL_TOKENS = 2
/** Rows and columns of tokens in the self-test images: 64 and 140 patches. */
const SELF_TEST_TOKENS = [
  [4, 4],
  [5, 7],
] as const

/**
 * The form of Qwen2-VL's tower, which is also Tarsier2's: frames keep their aspect ratio and are resized twice, first to the clip's budget
 * and then by the checkpoint's image processor. The tables of the two-dimensional rotary positions are inputs of the graph.
 */
export function qwen2VlTowerForm({ vision, preprocessing }: Tarsier2Manifest): TowerForm {
  const { mergeSize, headSize } = vision
  const cell = vision.patchSize * mergeSize
  let last: { readonly key: string; readonly tables: RotaryTables } | null = null
  return {
    patching: vision,
    framesPerPatch: vision.temporalPatchSize,
    framesPerSlice: 1,
    positionsPerSecond: null,
    timestamps: null,
    size(frame, limits) {
      const [, { width, height }] = frameSizes(frame.width, frame.height, { preprocessing, vision, ...limits })
      return { width, height }
    },
    prepare(frame, limits) {
      let image = frame
      for (const { width, height } of frameSizes(frame.width, frame.height, { preprocessing, vision, ...limits })) {
        if (width !== image.width || height !== image.height) image = resizeBicubic(image, width, height)
      }
      return image
    },
    tokens({ width, height }) {
      const grid = [height / cell, width / cell] as const
      return { grid, rows: grid[0] * grid[1] }
    },
    furtherInputs(rows, columns) {
      const key = `${rows}x${columns}`
      if (last?.key !== key) last = { key, tables: rotaryTables(rows, columns, mergeSize, headSize) }
      const dims = [rows * columns, headSize / 2]
      return [
        { name: 'cos', dims, data: last.tables.cos.slice() },
        { name: 'sin', dims, data: last.tables.sin.slice() },
      ]
    },
    graphInputs: ['cos', 'sin'].map((name) => ({ name, axes: 2, last: headSize / 2 })),
    learnedPositions: null,
    trial: { width: TRIAL_TOKENS * cell, height: TRIAL_TOKENS * cell },
    selfTest: SELF_TEST_TOKENS.map(([rows, columns]) => ({ width: columns * cell, height: rows * cell })),
  }
}
