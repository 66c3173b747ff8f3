import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import type { ModelFamily } from '../model-family.ts'
import { isQwen2VlConfig } from './config.ts'
import { qwen2VlPair } from './mmproj.ts'
import { readQwen2VlParts } from './parts.ts'
import { qwen2VlTowerForm } from './tower-form.ts'

/** Heads of the tower, and how many times their width the layers between are wide. */
const HEADS = 16
const FEED_FORWARD = 4

/** Qwen2-VL, which Tarsier2 is: frames keep their shape, and share the pixels of their clip. */
export const qwen2Vl: ModelFamily<Tarsier2Manifest> = {
  towerForm: qwen2VlTowerForm,
  costs({ vision }) {
    const width = HEADS * vision.headSize
    return { tower: { width, heads: HEADS, feedForward: FEED_FORWARD * width }, shrinks: true }
  },
  // A frame fills its temporal patch by itself, so it counts that many times.
  clipPixels: ({ preprocessing, vision }) => preprocessing.clipMaxPixels / vision.temporalPatchSize,
  isConfig: isQwen2VlConfig,
  readParts: readQwen2VlParts,
  pair: qwen2VlPair,
}
