import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import type { ModelFamily } from '../model-family.ts'
import { ACCEPTED, isQwen3VlConfig } from './config.ts'
import { qwen3VlPair } from './mmproj.ts'
import { readQwen3VlParts } from './parts.ts'
import { qwen3VlTowerForm } from './tower-form.ts'

/** The Qwen3-VL family: the tower sees two frames together, the prompt tells their time, and rows reach the first layers of the language model. */
export const qwen3Vl: ModelFamily<Qwen3VlManifest> = {
  towerForm: qwen3VlTowerForm,
  costs({ vision: { headSize, heads, feedForward } }) {
    return { tower: { width: heads * headSize, heads, feedForward }, shrinks: true }
  },
  clipPixels: ({ preprocessing }) => preprocessing.clipMaxPixels,
  accepted: ACCEPTED,
  isConfig: isQwen3VlConfig,
  readParts: readQwen3VlParts,
  pair: qwen3VlPair,
  published: null,
}
