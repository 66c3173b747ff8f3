import { TarsierError } from '../../../shared/errors.ts'
import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import type { WrittenMmproj } from '../../checkpoint/mmproj-content.ts'
import { expectWritable, IMAGE_SIZE, MERGE, SLICES, WRITTEN_HEADS } from '../../checkpoint/qwen-pair.ts'
import { checkFields } from '../../formats/checked-json.ts'
import { ComputedTensors } from '../../formats/computed-tensors.ts'
import type { GraphWeights } from '../../formats/onnx/graph-weights.ts'
import { PATCHES, PREFIX, qwen25VlMmprojTensors } from './mmproj-tensors.ts'
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
  const config = checkFields(
    {
      depth: weights.layers((block) => `blocks.${block}.norm1.weight`),
      hidden_size: width,
      intermediate_size: vision.feedForward,
      num_heads: vision.heads,
      out_hidden_size: vision.width,
      patch_size: vision.patchSize,
      temporal_patch_size: SLICES,
      spatial_merge_size: MERGE,
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
  const slices = Array.from({ length: SLICES }, (_, slice) => slice)
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
    weights: new ComputedTensors(
      weights,
      new Map(slices.map((slice) => [sliceName(slice), sliceOf(weights, slice, width, vision.patchSize)])),
    ),
    stored(name, part, parts) {
      if (name === PATCHES) return sliceName(part)
      const own = name.slice(PREFIX.length)
      return parts === 1 ? own : `${own}.${part}`
    },
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

function sliceName(slice: number): string {
  return `${PATCH_MATRIX}.slice.${slice}`
}

/** The weight of the patch convolution for one slice, from the graph's matrix [channels, slices * 3 * patch²]. */
function sliceOf(weights: GraphWeights, slice: number, channels: number, patch: number) {
  const values = 3 * patch ** 2
  return {
    shape: [channels, 3, patch, patch],
    async floats() {
      const all = await weights.floats(PATCH_MATRIX)
      const own = new Float32Array(channels * values)
      for (let channel = 0; channel < channels; channel++) {
        const from = (channel * SLICES + slice) * values
        own.set(all.subarray(from, from + values), channel * values)
      }
      return own
    },
  }
}
