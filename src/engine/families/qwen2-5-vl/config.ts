import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { CONFIG_FILE } from '../../checkpoint/config-file.ts'
import { expectSameWidth, type MropeLanguageConfig, mropeLanguageOf } from '../../checkpoint/mrope-language.ts'
import { checkFields } from '../../formats/checked-json.ts'
import { type Qwen25VlVisionConfig, qwen25VlVisionConfigSchema } from './vision-config.ts'

export interface Qwen25VlConfig {
  readonly language: MropeLanguageConfig
  readonly vision: Qwen25VlVisionConfig
}

const ARCHITECTURE = 'Qwen2_5_VLForConditionalGeneration'

/** The accepted configs, for error messages. */
export const ACCEPTED = `Qwen2.5-VL (model_type "qwen2_5_vl", architecture ${ARCHITECTURE})`

const rootSchema = z.looseObject({
  model_type: z.literal('qwen2_5_vl'),
  architectures: z.array(z.string()).nullish(),
  text_config: z.looseObject({}).nullish(),
  vision_config: z.looseObject({}).nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  quantization_config: z.unknown().optional(),
})

/** Whether config.json belongs to Qwen2.5-VL. */
export function isQwen25VlConfig(config: unknown): boolean {
  const root = rootSchema.safeParse(config)
  return root.success && (root.data.architectures ?? [ARCHITECTURE]).includes(ARCHITECTURE)
}

/**
 * Parses config.json in the format of the published checkpoints (the language model's fields at the top level) or in that of newer transformers
 * (`text_config`). Throws `model-unsupported`, and `model-damaged` for missing or invalid fields.
 */
export function qwen25VlConfigOf(value: unknown, directory: string): Qwen25VlConfig {
  const path = join(directory, CONFIG_FILE)
  const root = checkFields(value, rootSchema, path)
  if (root.quantization_config !== undefined && root.quantization_config !== null) {
    throw new TarsierError('model-unsupported', `${path}: the checkpoint is quantized (quantization_config). Give the original checkpoint.`)
  }
  const language = mropeLanguageOf(root, path)
  const vision = checkFields(root.vision_config ?? undefined, qwen25VlVisionConfigSchema, `${path}: vision_config`)
  expectSameWidth(vision.out_hidden_size, language, path)
  return { language, vision }
}
