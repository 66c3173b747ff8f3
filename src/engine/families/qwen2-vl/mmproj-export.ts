import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import type { WrittenMmproj } from '../../checkpoint/mmproj-content.ts'
import { writtenWeights } from '../../checkpoint/qwen-mmproj-weights.ts'
import { expectWritable, IMAGE_SIZE, MERGE, SLICES } from '../../checkpoint/qwen-pair.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GraphWeights } from '../../formats/onnx/graph-weights.ts'
import { qwen2VlMmprojTensors, WRITTEN_NAMES } from './mmproj-tensors.ts'
import { LAYER_NORM_EPSILON, PATCH_MATRIX } from './tower.ts'
import { qwen2VlVisionConfigSchema } from './vision-config.ts'

/**
 * Describes the tower of an installed model as an mmproj file. The graph has the sum of the patch convolution's two slices, so each slice in
 * the file is half of it: the result is equal for pictures, and for two equal frames.
 * Throws `model-unsupported`, `model-damaged`.
 */
export function writeQwen2VlMmproj({ vision, preprocessing }: Tarsier2Manifest, weights: GraphWeights, projector: string): WrittenMmproj {
  expectWritable(vision)
  const [width = 0] = weights.info('merger.ln_q.weight').shape
  const [feedForward = 0] = weights.info('blocks.0.mlp.fc1.bias').shape
  const config = checkFields(
    {
      depth: weights.layers((block) => `blocks.${block}.norm1.weight`),
      embed_dim: width,
      num_heads: width / vision.headSize,
      mlp_ratio: feedForward / width,
      hidden_size: vision.width,
      patch_size: vision.patchSize,
      temporal_patch_size: SLICES,
      spatial_merge_size: MERGE,
    },
    qwen2VlVisionConfigSchema,
    'the vision tower',
  )
  const { patch_size: patch } = config
  const half = {
    shape: [width, 3, patch, patch],
    floats: async () => (await weights.floats(PATCH_MATRIX)).map((value) => value / SLICES),
  }
  return {
    settings: {
      projector,
      layers: config.depth,
      width,
      heads: config.num_heads,
      patchSize: patch,
      imageSize: IMAGE_SIZE,
      mean: preprocessing.mean,
      std: preprocessing.std,
      projected: vision.width,
      feedForward,
      epsilon: LAYER_NORM_EPSILON,
      further: [
        ['clip.vision.spatial_merge_size', { type: 'u32', value: MERGE }],
        ['clip.vision.image_min_pixels', { type: 'u32', value: preprocessing.minPixels }],
        ['clip.vision.image_max_pixels', { type: 'u32', value: preprocessing.maxPixels }],
      ],
    },
    table: qwen2VlMmprojTensors(config, WRITTEN_NAMES),
    ...writtenWeights(weights, [half, half]),
    notices: [],
  }
}
