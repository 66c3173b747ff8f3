import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import type { ModelFamily } from '../model-family.ts'
import { isLlavaConfig } from './config.ts'
import { llavaPair } from './mmproj.ts'
import { readLlavaParts } from './parts.ts'
import { llavaTowerForm } from './tower-form.ts'

/** Of CLIP's ViT-L: heads, numbers of each, and how many times their width the layers between are wide. */
const HEADS = 16
const HEAD_SIZE = 64
const FEED_FORWARD = 4
const WIDTH = HEADS * HEAD_SIZE

/** LLaVA, which Tarsier of version 1 is made of: CLIP's tower, and frames of one square size. */
export const llava: ModelFamily<TarsierManifest> = {
  towerForm: llavaTowerForm,
  costs: () => ({ tower: { width: WIDTH, heads: HEADS, feedForward: FEED_FORWARD * WIDTH }, shrinks: false }),
  clipPixels: () => null,
  isConfig: isLlavaConfig,
  readParts: readLlavaParts,
  pair: llavaPair,
}
