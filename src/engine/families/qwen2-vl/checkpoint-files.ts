import { TarsierError } from '../../../shared/errors.ts'
import type { CheckpointDtype } from '../../formats/tensor-source.ts'
import type { CheckpointConfig } from './config.ts'
import { readPreprocessing } from './preprocessing.ts'

/** Token ids in config.json for images and video, with the tokens' text. */
const VISION_TOKENS = {
  vision_start_token_id: '<|vision_start|>',
  vision_end_token_id: '<|vision_end|>',
  vision_token_id: '<|vision_pad|>',
  image_token_id: '<|image_pad|>',
  video_token_id: '<|video_pad|>',
} as const
const TORCH_NAMES: Readonly<Record<CheckpointDtype, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }

/**
 * Creates config.json in the format of the published Qwen2-VL checkpoints, which all servers read: the language model's settings are at the
 * top level. Throws `model-damaged` if the tokenizer lacks one of the vision tokens.
 */
export function qwen2VlConfig(
  { language, vision }: CheckpointConfig,
  facts: { readonly tied: boolean; readonly dtype: CheckpointDtype; readonly tokens: readonly string[]; readonly directory: string },
): Record<string, unknown> {
  const ids = Object.entries(VISION_TOKENS).map(([field, text]) => {
    const id = facts.tokens.indexOf(text)
    if (id < 0) {
      throw new TarsierError(
        'model-damaged',
        `The tokenizer in ${facts.directory} does not contain the token "${text}". Download all files of the checkpoint.`,
      )
    }
    return [field, id] as const
  })
  const special = [...language.tokenIds].map(([kind, id]) => [`${kind}_token_id`, id] as const)
  return {
    architectures: ['Qwen2VLForConditionalGeneration'],
    model_type: 'qwen2_vl',
    attention_dropout: 0,
    ...Object.fromEntries(special),
    ...Object.fromEntries(ids),
    hidden_act: 'silu',
    hidden_size: language.width,
    initializer_range: 0.02,
    intermediate_size: language.feedForward,
    max_position_embeddings: language.context,
    max_window_layers: language.layers,
    num_attention_heads: language.heads,
    num_hidden_layers: language.layers,
    num_key_value_heads: language.keyValueHeads,
    rms_norm_eps: language.normEpsilon,
    rope_scaling: { type: 'mrope', mrope_section: language.ropeSections },
    rope_theta: language.ropeTheta,
    sliding_window: null,
    tie_word_embeddings: facts.tied,
    torch_dtype: TORCH_NAMES[facts.dtype],
    use_cache: true,
    use_sliding_window: false,
    vision_config: {
      model_type: 'qwen2_vl',
      depth: vision.depth,
      embed_dim: vision.embed_dim,
      hidden_act: vision.hidden_act,
      hidden_size: vision.hidden_size,
      in_channels: 3,
      in_chans: 3,
      mlp_ratio: vision.mlp_ratio,
      num_heads: vision.num_heads,
      patch_size: vision.patch_size,
      spatial_merge_size: vision.spatial_merge_size,
      spatial_patch_size: vision.patch_size,
      temporal_patch_size: vision.temporal_patch_size,
    },
    vocab_size: language.vocabulary,
  }
}

/** Creates preprocessor_config.json from whichever file of the checkpoint has the values. */
export async function qwen2VlPreprocessor(directory: string, { vision }: CheckpointConfig): Promise<Record<string, unknown>> {
  const { mean, std, minPixels, maxPixels } = await readPreprocessing(directory, vision)
  return {
    image_processor_type: 'Qwen2VLImageProcessor',
    processor_class: 'Qwen2VLProcessor',
    image_mean: mean,
    image_std: std,
    min_pixels: minPixels,
    max_pixels: maxPixels,
    patch_size: vision.patch_size,
    merge_size: vision.spatial_merge_size,
    temporal_patch_size: vision.temporal_patch_size,
  }
}
