import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { readChatTemplates } from '../../checkpoint/chat-template.ts'
import { readConfigFile } from '../../checkpoint/config-file.ts'
import { readTokenizerFiles } from '../../checkpoint/tokenizer-files.ts'
import { makeVocabulary } from '../../checkpoint/vocabulary.ts'
import { checkFields, readJsonFile } from '../../formats/checked-json.ts'
import type { CheckpointDtype, TensorSource } from '../../formats/tensor-source.ts'
import type { PublishedForm, PublishedTensor } from '../model-family.ts'
import { type CheckpointConfig, qwen2VlConfigOf } from './config.ts'
import { readPreprocessing } from './preprocessing.ts'

/** Key prefixes of checkpoints, with those of published Qwen2-VL checkpoints; longer ones first. */
const PREFIXES = [
  ['language_model.lm_head.', 'lm_head.'],
  ['language_model.model.', 'model.'],
  ['model.language_model.', 'model.'],
  ['model.visual.', 'visual.'],
  ['vision_tower.', 'visual.'],
  ['lm_head.', 'lm_head.'],
  ['visual.', 'visual.'],
  ['model.', 'model.'],
] as const
const HEAD = 'lm_head.weight'
const EMBEDDINGS = 'model.embed_tokens.weight'

/** Token ids in config.json for images and video, with the tokens' text. */
const VISION_TOKENS = {
  vision_start_token_id: '<|vision_start|>',
  vision_end_token_id: '<|vision_end|>',
  vision_token_id: '<|vision_pad|>',
  image_token_id: '<|image_pad|>',
  video_token_id: '<|video_pad|>',
} as const
const TORCH_NAMES: Readonly<Record<CheckpointDtype, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }

/** The form in which Qwen2-VL was published. Tarsier2 and every other variant can be written in it. */
export const publishedQwen2Vl: PublishedForm = {
  name: 'qwen2-vl',
  async read(directory, source) {
    const config = qwen2VlConfigOf(await readConfigFile(directory), directory)
    const { tied, tensors } = tensorsOf(source, config.language.tied)
    const tokenizer = await readTokenizerFiles(directory)
    const { tokens } = makeVocabulary(tokenizer, config.language.vocabulary, config.language.tokenIds)
    const embeddings = tensors.find(({ name }) => name === EMBEDDINGS)
    if (!embeddings)
      throw new TarsierError('model-damaged', `The checkpoint in ${directory} contains no token embeddings. Download all its files.`)
    const { processor: template } = await readChatTemplates(directory)
    const { dtype } = source.info(embeddings.from)
    return {
      tensors,
      template,
      files: {
        'config.json': configFile(config, { tied, dtype, tokens, directory }),
        'preprocessor_config.json': await preprocessorFile(directory, config),
        'tokenizer_config.json': await tokenizerConfig(directory, template),
        'chat_template.json': { chat_template: template },
      },
    }
  },
}

/**
 * Creates config.json in the format of the published Qwen2-VL checkpoints, which all servers read: the language model's settings are at the
 * top level. Throws `model-damaged` if the tokenizer lacks one of the vision tokens.
 */
function configFile(
  { language, vision }: CheckpointConfig,
  checkpoint: { readonly tied: boolean; readonly dtype: CheckpointDtype; readonly tokens: readonly string[]; readonly directory: string },
): Record<string, unknown> {
  const ids = Object.entries(VISION_TOKENS).map(([field, text]) => {
    const id = checkpoint.tokens.indexOf(text)
    if (id < 0) {
      throw new TarsierError(
        'model-damaged',
        `The tokenizer in ${checkpoint.directory} does not contain the token "${text}". Download all files of the checkpoint.`,
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
    tie_word_embeddings: checkpoint.tied,
    torch_dtype: TORCH_NAMES[checkpoint.dtype],
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
async function preprocessorFile(directory: string, { vision }: CheckpointConfig): Promise<Record<string, unknown>> {
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

/**
 * All tensors under their published names. As in an import, an output layer takes precedence over a config.json that says it is tied to the embedding
 * table: the config.json of wrappers may be wrong.
 */
function tensorsOf(
  source: TensorSource,
  declaresTied: boolean | undefined,
): { readonly tied: boolean; readonly tensors: readonly PublishedTensor[] } {
  const renamed = source.names.map((from) => {
    const prefix = PREFIXES.find(([old]) => from.startsWith(old))
    if (!prefix) {
      throw new TarsierError(
        'model-unsupported',
        `The tensor "${from}" is not part of the vision tower or the language model of a Qwen2-VL checkpoint.`,
        {
          details: { tensor: from },
        },
      )
    }
    return { from, name: prefix[1] + from.slice(prefix[0].length) }
  })
  const tied = declaresTied !== false && !renamed.some(({ name }) => name === HEAD)
  return { tied, tensors: renamed }
}

/** Settings of the tokenizer, with the Qwen2-VL processor and the chat template for clips. */
async function tokenizerConfig(directory: string, template: string): Promise<Record<string, unknown>> {
  const own = await readJsonFile(directory, 'tokenizer_config.json', { huggingFaceCache: true })
  const settings = own === null ? {} : checkFields(own, z.record(z.string(), z.unknown()), join(directory, 'tokenizer_config.json'))
  return { tokenizer_class: 'Qwen2Tokenizer', ...settings, processor_class: 'Qwen2VLProcessor', chat_template: template }
}
