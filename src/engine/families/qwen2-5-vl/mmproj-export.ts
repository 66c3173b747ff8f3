import { TarsierError } from '../../../shared/errors.ts'
import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import type { WrittenMmproj } from '../../checkpoint/mmproj-content.ts'
import { patchesOfSlices, writtenWeights } from '../../checkpoint/qwen-mmproj-weights.ts'
import { expectWritable, IMAGE_SIZE, MERGE, WRITTEN_HEADS } from '../../checkpoint/qwen-pair.ts'
import { installedSliceTower } from '../../checkpoint/slice-tower.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GraphWeights } from '../../formats/onnx/graph-weights.ts'
import { qwen25VlMmprojTensors } from './mmproj-tensors.ts'
import { PATCH_MATRIX, RMS_NORM_EPSILON } from './tower.ts'
import { qwen25VlVisionConfigSchema, windowPatches } from './vision-config.ts'

/** Side of a window of attention in pixels, which is fixed in llama.cpp. */
const WINDOW = 112
/** Inputs of the attention over a whole slice; that within windows has a bias, too. */
const WHOLE_INPUTS = 3

/** Describes the tower of an installed model as an mmproj file. Throws `model-unsupported`, `model-damaged`. */
export function writeQwen25VlMmproj({ vision, preprocessing }: Qwen25VlManifest, weights: GraphWeights, projector: string): WrittenMmproj {
  expectWritable(vision)
  const [width = 0] = weights.info('merger.ln_q.weight').shape
  const whole = weights.inputCounts('MultiHeadAttention').flatMap((count, layer) => (count === WHOLE_INPUTS ? [layer] : []))
  const layers = weights.layers((block) => `blocks.${block}.norm1.weight`)
  const config = checkFields(
    {
      ...installedSliceTower(vision, { layers, channels: width, width: vision.width }),
      window_size: WINDOW,
      fullatt_block_indexes: whole,
      tokens_per_second: vision.positionsPerSecond,
    },
    qwen25VlVisionConfigSchema,
    'the vision tower',
  )
  if (windowPatches(config) !== vision.window) {
    throw new TarsierError(
      'model-unsupported',
      `llama.cpp supports only windows of ${windowPatches(config)} by ${windowPatches(config)} patches, but those of this tower have ${vision.window} by ${vision.window}.`,
    )
  }
  return {
    settings: {
      projector,
      layers: config.depth,
      width,
      heads: vision.heads,
      patchSize: vision.patchSize,
      imageSize: IMAGE_SIZE,
      mean: preprocessing.mean,
      std: preprocessing.std,
      projected: vision.width,
      feedForward: vision.feedForward,
      epsilon: RMS_NORM_EPSILON,
      further: [
        ['clip.use_silu', { type: 'bool', value: true }],
        ['clip.vision.n_wa_pattern', { type: 'u32', value: patternOf(whole, config.depth) }],
        ['clip.vision.spatial_merge_size', { type: 'u32', value: MERGE }],
        ['clip.vision.image_min_pixels', { type: 'u32', value: preprocessing.minPixels }],
        ['clip.vision.image_max_pixels', { type: 'u32', value: preprocessing.maxPixels }],
      ],
    },
    table: qwen25VlMmprojTensors(config, WRITTEN_HEADS),
    ...writtenWeights(weights, patchesOfSlices(weights, PATCH_MATRIX, width, vision.patchSize)),
    notices: [],
  }
}

/** llama.cpp's setting of the layers whose attention is over a whole slice: every so many, none if there are fewer. */
function patternOf(whole: readonly number[], depth: number): number {
  const pattern = (whole[0] ?? depth) + 1
  const regular = Array.from({ length: depth }, (_, layer) => layer).filter((layer) => (layer + 1) % pattern === 0)
  if (regular.join() === whole.join()) return pattern
  throw new TarsierError(
    'model-unsupported',
    `llama.cpp supports only towers in which every so many layers attend to the whole picture, but in this one these are ${whole.join(', ')}.`,
  )
}
