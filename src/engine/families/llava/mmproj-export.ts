import { TarsierError } from '../../../shared/errors.ts'
import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import type { WrittenMmproj } from '../../checkpoint/mmproj-content.ts'
import { checkFields } from '../../formats/checked-json.ts'
import { ComputedTensors } from '../../formats/computed-tensors.ts'
import type { GraphWeights } from '../../formats/onnx/graph-weights.ts'
import { CLASS_TOKEN, llavaMmprojTensors, PATCHES, POSITIONS, PROJECTOR, TOWER, WRITTEN_LAYERS } from './mmproj-tensors.ts'
import { clipVisionConfigSchema } from './vision-config.ts'

const SEPARATORS =
  'llama.cpp has no separators between rows and after frames, with which this model was trained. Its answers there are therefore different.'
const CLASS_TOKEN_ORDER =
  'Many releases of llama.cpp, such as 0.4.0, put the class token of CLIP towers behind the patches instead of before them (its issue 25814), which makes answers worse.'

/**
 * Describes the tower and projector of an installed model as an mmproj file. The graph has the class token with its position added, so that
 * position is zero in the file.
 * Throws `model-unsupported`, `model-damaged`.
 */
export function writeLlavaMmproj({ vision, preprocessing }: TarsierManifest, weights: GraphWeights, projector: string): WrittenMmproj {
  const refuse = (what: string) => new TarsierError('model-unsupported', `This model cannot be exported for llama.cpp: ${what}.`)
  if (vision.classToken) throw refuse('it uses the row of the class token, which llama.cpp drops')
  if (!weights.has('linear_1.weight')) throw refuse('its projector does not consist of two linear layers')
  const [channels = 0] = weights.info('pre_layrnorm.weight').shape
  const layers = weights.layers((layer) => `encoder.layers.${layer}.layer_norm1.weight`)
  const config = checkFields(
    {
      hidden_size: channels,
      intermediate_size: weights.info('encoder.layers.0.mlp.fc1.bias').shape[0],
      num_hidden_layers: layers,
      num_attention_heads: weights.attribute('MultiHeadAttention', 'num_heads') ?? 0,
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      hidden_act: weights.hasOperator('QuickGelu') ? 'quick_gelu' : 'gelu',
      layer_norm_eps: weights.attribute('LayerNormalization', 'epsilon') ?? 0,
    },
    clipVisionConfigSchema,
    'the vision tower',
  )
  const { patch_size: patch } = config
  const places = (config.image_size / patch) ** 2
  const positions = {
    shape: [places + 1, channels],
    async floats() {
      const table = new Float32Array((places + 1) * channels)
      table.set(await weights.floats('embeddings.position_embedding'), channels)
      return table
    },
  }
  const computed = new Map([
    [CLASS_TOKEN, { shape: [channels], floats: () => weights.floats('embeddings.class_embedding') }],
    [PATCHES, { shape: [channels, 3, patch, patch], floats: () => weights.floats('embeddings.patch_embedding') }],
    [POSITIONS, positions],
  ])
  return {
    settings: {
      projector,
      layers,
      width: channels,
      heads: config.num_attention_heads,
      patchSize: patch,
      imageSize: config.image_size,
      mean: preprocessing.mean,
      std: preprocessing.std,
      projected: vision.width,
      feedForward: config.intermediate_size,
      epsilon: config.layer_norm_eps,
      further: [
        ['clip.has_llava_projector', { type: 'bool', value: true }],
        ['clip.use_gelu', { type: 'bool', value: config.hidden_act === 'gelu' }],
        // Without it, llama.cpp leaves out the last layer.
        ['clip.vision.feature_layer', { type: 'i32[]', value: [layers] }],
      ],
    },
    table: llavaMmprojTensors(config, vision.width, WRITTEN_LAYERS),
    weights: new ComputedTensors(weights, computed),
    stored: (name) => [computed.has(name) ? name : name.replace(TOWER, '').replace(PROJECTOR, '')],
    notices: [...(vision.rowSeparators || vision.frameSeparator ? [SEPARATORS] : []), CLASS_TOKEN_ORDER],
  }
}
