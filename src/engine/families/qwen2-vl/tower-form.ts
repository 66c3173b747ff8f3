import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { resizeBicubic } from '../../media/resize.ts'
import { rotaryGrid } from '../../vision/rotary-grid.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import { frameSizes } from './frame-size.ts'

/**
 * The form of Qwen2-VL's tower, which is also Tarsier2's: frames keep their aspect ratio and are resized twice, first to the clip's budget
 * and then by the checkpoint's image processor. The tables of the two-dimensional rotary positions are inputs of the graph.
 */
export function qwen2VlTowerForm({ vision, preprocessing }: Tarsier2Manifest): TowerForm {
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
    learnedPositions: null,
    ...rotaryGrid(vision),
  }
}
