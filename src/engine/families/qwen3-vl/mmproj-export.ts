import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import type { WrittenMmproj } from '../../checkpoint/mmproj-content.ts'
import { patchesOfSlices, writtenWeights } from '../../checkpoint/qwen-mmproj-weights.ts'
import { expectWritable, MERGE } from '../../checkpoint/qwen-pair.ts'
import { installedSliceTower } from '../../checkpoint/slice-tower.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GgufValue } from '../../formats/gguf/gguf-writer.ts'
import type { GraphWeights } from '../../formats/onnx/graph-weights.ts'
import { POSITION_TABLE, qwen3VlMmprojTensors, WRITTEN_QKV } from './mmproj-tensors.ts'
import { LAYER_NORM_EPSILON, PATCH_MATRIX, POSITIONS } from './tower.ts'
import { qwen3VlVisionConfigSchema } from './vision-config.ts'

/** Limits of all frames of a clip together, which llama.cpp does not have: for the import. */
export const CLIP_MIN_PIXELS = 'tarsier.clip_min_pixels'
export const CLIP_MAX_PIXELS = 'tarsier.clip_max_pixels'

/** Describes the tower of an installed model as an mmproj file. Throws `model-unsupported`, `model-damaged`. */
export function writeQwen3VlMmproj({ vision, preprocessing }: Qwen3VlManifest, weights: GraphWeights, projector: string): WrittenMmproj {
  expectWritable(vision)
  const [width = 0] = weights.info('merger.norm.weight').shape
  const deepstack = deepstackOf(weights)
  const positions = vision.positionsSide ** 2
  const config = checkFields(
    {
      ...installedSliceTower(vision, { layers: weights.layers(layerNorm), channels: width, width: vision.width / (1 + deepstack.length) }),
      num_position_embeddings: positions,
      deepstack_visual_indexes: deepstack,
    },
    qwen3VlVisionConfigSchema,
    'the vision tower',
  )
  const layers = Array.from({ length: config.depth }, (_, layer) => deepstack.includes(layer))
  return {
    settings: {
      projector,
      layers: config.depth,
      width,
      heads: vision.heads,
      patchSize: vision.patchSize,
      imageSize: vision.positionsSide * vision.patchSize,
      mean: preprocessing.mean,
      std: preprocessing.std,
      projected: config.out_hidden_size,
      feedForward: vision.feedForward,
      epsilon: LAYER_NORM_EPSILON,
      further: [
        ['clip.use_gelu', { type: 'bool', value: true }],
        ['clip.vision.spatial_merge_size', { type: 'u32', value: MERGE }],
        ['clip.vision.is_deepstack_layers', { type: 'bool[]', value: layers }],
        ['clip.vision.image_min_pixels', pixels(preprocessing.minPixels)],
        ['clip.vision.image_max_pixels', pixels(preprocessing.maxPixels)],
        [CLIP_MIN_PIXELS, pixels(preprocessing.clipMinPixels)],
        [CLIP_MAX_PIXELS, pixels(preprocessing.clipMaxPixels)],
      ],
    },
    table: qwen3VlMmprojTensors(config, [WRITTEN_QKV]),
    ...writtenWeights(weights, patchesOfSlices(weights, PATCH_MATRIX, width, vision.patchSize), [
      // llama.cpp stretches them, which it does in 32 bits only.
      [POSITION_TABLE, { shape: [positions, width], floats: () => weights.floats(POSITIONS) }],
    ]),
    notices: [],
  }
}

/** A number of pixels in 32 bits, beyond which no frames are processed. */
function pixels(value: number): GgufValue {
  return { type: 'u32', value: Math.min(value, 2 ** 32 - 1) }
}

/** The layers whose results are merged for the language model: the graph has the weights of a merger after those of its layer. */
function deepstackOf(weights: GraphWeights): number[] {
  const place = new Map(weights.names.map((name, i) => [name, i]))
  const layers = Array.from({ length: weights.layers(layerNorm) }, (_, layer) => place.get(layerNorm(layer)) ?? 0)
  return Array.from({ length: weights.layers(mergerNorm) }, (_, merger) => {
    const own = place.get(mergerNorm(merger)) ?? 0
    return layers.filter((start) => start < own).length - 1
  })
}

function layerNorm(layer: number): string {
  return `blocks.${layer}.norm1.weight`
}

function mergerNorm(merger: number): string {
  return `deepstack_merger_list.${merger}.norm.weight`
}
