import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import { resizeBicubic } from '../../media/resize.ts'
import { resizeRoundedOnce } from '../../media/resize-once-rounded.ts'
import { rotaryTables } from '../../vision/rotary.ts'
import type { Size } from '../../vision/smart-resize.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import type { FrameLimits } from '../../vision/types.ts'
import { frameSize } from './frame-size.ts'
import { windowsOf } from './windows.ts'

/** Tokens along each side of the image of the trial run. */
const TRIAL_TOKENS = 2
/** Rows and columns of tokens in the self-test images: 64 and 140 patches. In the second, windows reach beyond the grid. */
const SELF_TEST_TOKENS = [
  [4, 4],
  [5, 7],
] as const

/**
 * The form of Qwen2.5-VL's tower: frames keep their aspect ratio, and two of them are seen together. The tables of the two-dimensional rotary positions
 * and the windows of attention are inputs of the graph.
 */
export function qwen25VlTowerForm(manifest: Qwen25VlManifest): TowerForm {
  const { vision } = manifest
  const { mergeSize, headSize, window } = vision
  const cell = vision.patchSize * mergeSize
  const sizeOf = (frame: Size, limits: FrameLimits) => frameSize(frame, limits, manifest)
  const inputsOf = (rows: number, columns: number) => ({
    ...rotaryTables(rows, columns, mergeSize, headSize),
    windows: windowsOf(rows, columns, mergeSize, window),
  })
  let last: { readonly key: string; readonly inputs: ReturnType<typeof inputsOf> } | null = null
  return {
    patching: vision,
    framesPerPatch: vision.temporalPatchSize,
    framesPerSlice: vision.temporalPatchSize,
    positionsPerSecond: vision.positionsPerSecond,
    timestamps: null,
    size: sizeOf,
    prepare(frame, limits) {
      const { width, height } = sizeOf(frame, limits)
      if (width === frame.width && height === frame.height) return frame
      // As published: pictures with Pillow, frames of clips with torchvision.
      return limits.frameCount > 1 ? resizeRoundedOnce(frame, width, height) : resizeBicubic(frame, width, height)
    },
    tokens({ width, height }) {
      const grid = [height / cell, width / cell] as const
      return { grid, rows: grid[0] * grid[1] }
    },
    furtherInputs(rows, columns) {
      const key = `${rows}x${columns}`
      if (last?.key !== key) last = { key, inputs: inputsOf(rows, columns) }
      const { cos, sin, windows } = last.inputs
      const dims = [rows * columns, headSize / 2]
      return [
        { name: 'cos', dims, data: cos.slice() },
        { name: 'sin', dims, data: sin.slice() },
        { name: 'windows', dims: [windows.count, window ** 2], data: windows.patches.slice() },
        { name: 'places', dims: [rows * columns, 1], data: windows.places.slice() },
      ]
    },
    graphInputs: [
      { name: 'cos', axes: 2, last: headSize / 2 },
      { name: 'sin', axes: 2, last: headSize / 2 },
      { name: 'windows', axes: 2, last: window ** 2 },
      { name: 'places', axes: 2, last: 1 },
    ],
    learnedPositions: null,
    trial: { width: TRIAL_TOKENS * cell, height: TRIAL_TOKENS * cell },
    selfTest: SELF_TEST_TOKENS.map(([rows, columns]) => ({ width: columns * cell, height: rows * cell })),
  }
}
