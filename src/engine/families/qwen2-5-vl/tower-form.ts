import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import { resizeBicubic } from '../../media/resize.ts'
import { resizeRoundedOnce } from '../../media/resize-once-rounded.ts'
import { rotaryGrid } from '../../vision/rotary-grid.ts'
import type { Size } from '../../vision/smart-resize.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import type { FrameLimits } from '../../vision/types.ts'
import { frameSize } from './frame-size.ts'
import { windowsOf } from './windows.ts'

/**
 * The form of Qwen2.5-VL's tower: frames keep their aspect ratio, and two of them are seen together. The tables of the two-dimensional rotary positions
 * and the windows of attention are inputs of the graph.
 */
export function qwen25VlTowerForm(manifest: Qwen25VlManifest): TowerForm {
  const { vision } = manifest
  const { mergeSize, window } = vision
  const sizeOf = (frame: Size, limits: FrameLimits) => frameSize(frame, limits, manifest)
  const grid = rotaryGrid(vision, {
    graph: [
      { name: 'windows', axes: 2, last: window ** 2 },
      { name: 'places', axes: 2, last: 1 },
    ],
    of(rows, columns) {
      const { count, patches, places } = windowsOf(rows, columns, mergeSize, window)
      return [
        { name: 'windows', dims: [count, window ** 2], data: patches },
        { name: 'places', dims: [rows * columns, 1], data: places },
      ]
    },
  })
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
    learnedPositions: null,
    ...grid,
  }
}
