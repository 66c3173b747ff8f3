import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { CONFIG_FILE } from '../../checkpoint/config-file.ts'
import { expectSameWidth, type MropeLanguageConfig, mropeLanguageOf } from '../../checkpoint/mrope-language.ts'
import { checkFields } from '../../formats/checked-json.ts'
import { type Qwen2VlVisionConfig, qwen2VlVisionConfigSchema } from './vision-config.ts'

export interface CheckpointConfig {
  readonly language: MropeLanguageConfig
  readonly vision: Qwen2VlVisionConfig
}

/** The accepted configs, for error messages. */
export const ACCEPTED =
  'Qwen2-VL (model_type "qwen2_vl", architecture Qwen2VLForConditionalGeneration), Tarsier2 (model_type "llava" around a vision_config and a ' +
  'text_config of model_type "qwen2_vl", no projection_head)'

const rootSchema = z.looseObject({
  model_type: z.string().optional(),
  architectures: z.array(z.string()).nullish(),
  text_config: z.looseObject({}).nullish(),
  vision_config: z.looseObject({}).nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  quantization_config: z.unknown().optional(),
  /** Field of Tarsier's wrapper: the projector between tower and language model; Tarsier2 has none. */
  projection_head: z.string().nullish(),
})

/**
 * Parses config.json in the format of the published checkpoints (the language model's fields at the top level), in that of newer
 * transformers (`text_config`), or in Tarsier2's, which is a LLaVA wrapper around the same two models. Throws `model-unsupported` for
 * another architecture, `model-damaged` for missing or invalid fields.
 */
export function qwen2VlConfigOf(value: unknown, directory: string): CheckpointConfig {
  const path = join(directory, CONFIG_FILE)
  const root = checkFields(value, rootSchema, path)
  if (!isQwen2Vl(root)) throw unsupported(path, `it is not the config of a supported checkpoint: ${ACCEPTED}`)
  if (root.quantization_config !== undefined && root.quantization_config !== null) {
    throw unsupported(path, 'the checkpoint is quantized (quantization_config). Give the original checkpoint')
  }
  const language = mropeLanguageOf(root, path)
  const vision = checkFields(root.vision_config ?? undefined, qwen2VlVisionConfigSchema, `${path}: vision_config`)
  expectSameWidth(vision.hidden_size, language, path)
  return { language, vision }
}

/** Whether config.json belongs to Qwen2-VL or to Tarsier2, which wraps it. */
export function isQwen2VlConfig(config: unknown): boolean {
  const root = rootSchema.safeParse(config)
  return root.success && isQwen2Vl(root.data)
}

function isQwen2Vl(root: z.output<typeof rootSchema>): boolean {
  const { model_type: type } = root
  const architectures = root.architectures ?? []
  if (type === 'qwen2_vl' && (architectures.length === 0 || architectures.includes('Qwen2VLForConditionalGeneration'))) return true
  return isTarsier2Wrapper(root)
}

function isTarsier2Wrapper({ model_type, vision_config, text_config, projection_head }: z.output<typeof rootSchema>): boolean {
  const inner = [vision_config?.model_type, text_config?.model_type]
  return model_type === 'llava' && inner.every((type) => type === 'qwen2_vl') && (projection_head ?? null) === null
}

function unsupported(path: string, what: string): TarsierError {
  return new TarsierError('model-unsupported', `${path}: ${what}.`)
}
