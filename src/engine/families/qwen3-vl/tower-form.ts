import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import { resizeAsTorch } from '../../media/resize.ts'
import { rotaryGrid } from '../../vision/rotary-grid.ts'
import type { Size } from '../../vision/smart-resize.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import type { FrameLimits } from '../../vision/types.ts'
import { frameSize } from './frame-size.ts'
import { CORNERS, stretchPositions } from './learned-positions.ts'
import { POSITIONS } from './tower.ts'

/**
 * The form of Qwen3-VL's tower: frames keep their aspect ratio, and two of them are seen together. The tables of the two-dimensional rotary positions and
 * the places of patches among the learned positions are inputs of the graph.
 */
export function qwen3VlTowerForm(manifest: Qwen3VlManifest): TowerForm {
  const { vision } = manifest
  const { mergeSize, positionsSide } = vision
  const sizeOf = (frame: Size, limits: FrameLimits) => frameSize(frame, limits, manifest)
  const grid = rotaryGrid(vision, {
    graph: [
      { name: 'corners', axes: 2, last: CORNERS },
      { name: 'shares', axes: 2, last: CORNERS },
    ],
    of(rows, columns) {
      const { corners, shares } = stretchPositions(rows, columns, mergeSize, positionsSide)
      const dims = [rows * columns, CORNERS]
      return [
        { name: 'corners', dims, data: corners },
        { name: 'shares', dims, data: shares },
      ]
    },
  })
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
    learnedPositions: { name: POSITIONS, side: positionsSide },
    ...grid,
  }
}
