import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { CONFIG_FILE } from '../../checkpoint/config-file.ts'
import { expectSameWidth, type MropeForm, type MropeLanguageConfig, mropeLanguageOf } from '../../checkpoint/mrope-language.ts'
import { checkFields } from '../../formats/checked-json.ts'
import { type Qwen3VlVisionConfig, qwen3VlVisionConfigSchema } from './vision-config.ts'

export interface Qwen3VlConfig {
  readonly language: MropeLanguageConfig
  readonly vision: Qwen3VlVisionConfig
}

/** llama.cpp's name of the language model. */
export const LANGUAGE_ARCHITECTURE = 'qwen3vl'
const ARCHITECTURE = 'Qwen3VLForConditionalGeneration'
/** Size of a head, independent of the width; transformers' default. */
const HEAD = 128

/** The accepted configs, for error messages. */
export const ACCEPTED = `Qwen3-VL without experts (model_type "qwen3_vl", architecture ${ARCHITECTURE})`

const rootSchema = z.looseObject({
  model_type: z.literal('qwen3_vl'),
  architectures: z.array(z.string()).nullish(),
  text_config: z.looseObject({}),
  vision_config: z.looseObject({}).nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  quantization_config: z.unknown().optional(),
})

/** Whether config.json belongs to Qwen3-VL. Its variant with experts has another model_type. */
export function isQwen3VlConfig(config: unknown): boolean {
  const root = rootSchema.safeParse(config)
  return root.success && (root.data.architectures ?? [ARCHITECTURE]).includes(ARCHITECTURE)
}

/** Parses config.json. Throws `model-unsupported`, and `model-damaged` for missing or invalid fields. */
export function qwen3VlConfigOf(value: unknown, directory: string): Qwen3VlConfig {
  const path = join(directory, CONFIG_FILE)
  const root = checkFields(value, rootSchema, path)
  if (root.quantization_config !== undefined && root.quantization_config !== null) {
    throw new TarsierError('model-unsupported', `${path}: the checkpoint is quantized (quantization_config). Give the original checkpoint.`)
  }
  const language = mropeLanguageOf(root, path, { ownHeadSize: HEAD })
  const vision = checkFields(root.vision_config ?? undefined, qwen3VlVisionConfigSchema, `${path}: vision_config`)
  expectSameWidth(vision.out_hidden_size, language, path)
  const added = vision.deepstack_visual_indexes.length
  // llama.cpp cannot add to the last layer.
  if (added >= language.layers) {
    throw new TarsierError(
      'model-unsupported',
      `${path}: deepstack_visual_indexes has ${added} layers; a language model with ${language.layers} layers supports at most ${language.layers - 1}.`,
    )
  }
  return { language, vision }
}

/** The form of Qwen3-VL's language model in a GGUF file. */
export function languageForm({ language, vision }: Qwen3VlConfig): MropeForm {
  const head = { type: 'u32' as const, value: language.headSize ?? HEAD }
  return {
    architecture: LANGUAGE_ARCHITECTURE,
    biases: false,
    headNorms: true,
    more: {
      'attention.key_length': head,
      'attention.value_length': head,
      n_deepstack_layers: { type: 'u32', value: vision.deepstack_visual_indexes.length },
    },
  }
}
