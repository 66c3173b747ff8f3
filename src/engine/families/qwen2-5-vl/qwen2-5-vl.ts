import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import type { ModelFamily } from '../model-family.ts'
import { ACCEPTED, isQwen25VlConfig } from './config.ts'
import { qwen25VlPair } from './mmproj.ts'
import { readQwen25VlParts } from './parts.ts'
import { qwen25VlTowerForm } from './tower-form.ts'

/** Matrices of a feed-forward layer, where the memory estimate expects two. */
const GATED = 3 / 2

/** The Qwen2.5-VL family: frames keep their aspect ratio, the tower sees two of them together, and positions follow their time. */
export const qwen25Vl: ModelFamily<Qwen25VlManifest> = {
  towerForm: qwen25VlTowerForm,
  costs({ vision: { headSize, heads, feedForward } }) {
    return { tower: { width: heads * headSize, heads, feedForward: GATED * feedForward }, shrinks: true }
  },
  // A slice counts once, and contains several frames.
  clipPixels: ({ preprocessing, vision }) => preprocessing.clipMaxPixels * vision.temporalPatchSize,
  accepted: ACCEPTED,
  isConfig: isQwen25VlConfig,
  readParts: readQwen25VlParts,
  pair: qwen25VlPair,
  published: null,
}
