import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import type { ModelFamily } from '../model-family.ts'
import { ACCEPTED, isLlavaConfig } from './config.ts'
import { llavaPair } from './mmproj.ts'
import { readLlavaParts } from './parts.ts'
import { llavaTowerForm } from './tower-form.ts'

/** CLIP ViT-L: number of heads, head size, and the width of the feed-forward layers relative to the tower's width. */
const HEADS = 16
const HEAD_SIZE = 64
const FEED_FORWARD = 4
const WIDTH = HEADS * HEAD_SIZE

/** The LLaVA family, on which Tarsier version 1 is based: a CLIP tower, and frames of one fixed square size. */
export const llava: ModelFamily<TarsierManifest> = {
  towerForm: llavaTowerForm,
  costs: () => ({ tower: { width: WIDTH, heads: HEADS, feedForward: FEED_FORWARD * WIDTH }, shrinks: false }),
  clipPixels: () => null,
  accepted: ACCEPTED,
  isConfig: isLlavaConfig,
  readParts: readLlavaParts,
  pair: llavaPair,
  published: null,
}
