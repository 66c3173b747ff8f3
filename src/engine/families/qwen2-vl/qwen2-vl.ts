import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import type { ModelFamily } from '../model-family.ts'
import { ACCEPTED, isQwen2VlConfig } from './config.ts'
import { qwen2VlPair } from './mmproj.ts'
import { readQwen2VlParts } from './parts.ts'
import { publishedQwen2Vl } from './published-checkpoint.ts'
import { qwen2VlTowerForm } from './tower-form.ts'

/** Number of heads of the tower, and the width of its feed-forward layers relative to its width. */
const HEADS = 16
const FEED_FORWARD = 4

/** The Qwen2-VL family, which includes Tarsier2: frames keep their aspect ratio and share the pixel budget of their clip. */
export const qwen2Vl: ModelFamily<Tarsier2Manifest> = {
  towerForm: qwen2VlTowerForm,
  costs({ vision }) {
    const width = HEADS * vision.headSize
    return { tower: { width, heads: HEADS, feedForward: FEED_FORWARD * width }, shrinks: true }
  },
  // The reference repeats a frame to fill its temporal patch, so each repetition counts.
  clipPixels: ({ preprocessing, vision }) => preprocessing.clipMaxPixels / vision.temporalPatchSize,
  accepted: ACCEPTED,
  isConfig: isQwen2VlConfig,
  readParts: readQwen2VlParts,
  pair: qwen2VlPair,
  published: publishedQwen2Vl,
}
