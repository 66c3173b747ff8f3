import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import { resizeAsTorch } from '../../media/resize.ts'
import { rotaryTables } from '../../vision/rotary.ts'
import type { Size } from '../../vision/smart-resize.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import type { FrameLimits } from '../../vision/types.ts'
import { frameSize } from './frame-size.ts'
import { CORNERS, stretchPositions } from './learned-positions.ts'
import { POSITIONS } from './tower.ts'

/** Tokens along each side of the image of the trial run. */
const TRIAL_TOKENS = 2
/** Rows and columns of tokens in the self-test images: 64 and 140 patches. */
const SELF_TEST_TOKENS = [
  [4, 4],
  [5, 7],
] as const

/**
 * The form of Qwen3-VL's tower: frames keep their aspect ratio, and two of them are seen together. The tables of the two-dimensional rotary positions and
 * the places of patches among the learned positions are inputs of the graph.
 */
export function qwen3VlTowerForm(manifest: Qwen3VlManifest): TowerForm {
  const { vision } = manifest
  const { mergeSize, headSize, positionsSide } = vision
  const cell = vision.patchSize * mergeSize
  const sizeOf = (frame: Size, limits: FrameLimits) => frameSize(frame, limits, manifest)
  const inputsOf = (rows: number, columns: number) => ({
    ...rotaryTables(rows, columns, mergeSize, headSize),
    ...stretchPositions(rows, columns, mergeSize, positionsSide),
  })
  let last: { readonly key: string; readonly inputs: ReturnType<typeof inputsOf> } | null = null
  return {
    patching: vision,
    framesPerPatch: vision.temporalPatchSize,
    framesPerSlice: vision.temporalPatchSize,
    positionsPerSecond: null,
    timestamps: { start: '<|vision_start|>', end: '<|vision_end|>' },
    size: sizeOf,
    prepare(frame, limits) {
      const { width, height } = sizeOf(frame, limits)
      // As published, with torchvision also for pictures.
      return width === frame.width && height === frame.height ? frame : resizeAsTorch(frame, width, height)
    },
    tokens({ width, height }) {
      const grid = [height / cell, width / cell] as const
      return { grid, rows: grid[0] * grid[1] }
    },
    furtherInputs(rows, columns) {
      const key = `${rows}x${columns}`
      if (last?.key !== key) last = { key, inputs: inputsOf(rows, columns) }
      const { cos, sin, corners, shares } = last.inputs
      const patches = rows * columns
      return [
        { name: 'cos', dims: [patches, headSize / 2], data: cos.slice() },
        { name: 'sin', dims: [patches, headSize / 2], data: sin.slice() },
        { name: 'corners', dims: [patches, CORNERS], data: corners.slice() },
        { name: 'shares', dims: [patches, CORNERS], data: shares.slice() },
      ]
    },
    graphInputs: [
      { name: 'cos', axes: 2, last: headSize / 2 },
      { name: 'sin', axes: 2, last: headSize / 2 },
      { name: 'corners', axes: 2, last: CORNERS },
      { name: 'shares', axes: 2, last: CORNERS },
    ],
    learnedPositions: { name: POSITIONS, side: positionsSide },
    trial: { width: TRIAL_TOKENS * cell, height: TRIAL_TOKENS * cell },
    selfTest: SELF_TEST_TOKENS.map(([rows, columns]) => ({ width: columns * cell, height: rows * cell })),
  }
}
