import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { CONFIG_FILE, tiedOf, tokenIdsOf } from '../../checkpoint/config-file.ts'
import type { LanguageConfig } from '../../checkpoint/language-config.ts'
import { checkFields } from '../../formats/checked-json.ts'
import { type Qwen2VlVisionConfig, qwen2VlVisionConfigSchema } from './vision-config.ts'

/** Config of a Qwen2-VL language model. The head size is always `width / heads`. */
export interface Qwen2VlLanguageConfig extends LanguageConfig {
  readonly ropeTheta: number
  /** Numbers of rotary frequencies per head for time, row and column; their sum is half the head size. */
  readonly ropeSections: readonly [number, number, number]
}

export interface CheckpointConfig {
  readonly language: Qwen2VlLanguageConfig
  readonly vision: Qwen2VlVisionConfig
}

const ACCEPTED =
  'Supported are Qwen2-VL (model_type "qwen2_vl", architecture Qwen2VLForConditionalGeneration), Tarsier2 (model_type "llava" around a ' +
  'vision_config and a text_config of model_type "qwen2_vl", no projection_head), and Tarsier or LLaVA (model_type "llava" around a ' +
  'vision_config of model_type "clip_vision_model" and a text_config of model_type "llama" or "qwen2")'

const count = z.int().positive()
const ropeSchema = z.object({
  rope_theta: z.number().positive().optional(),
  mrope_section: z.tuple([z.int().min(0), z.int().min(0), z.int().min(0)]).optional(),
  rope_type: z.string().optional(),
  /** Older name of `rope_type`. */
  type: z.string().optional(),
})
const textSchema = z.object({
  // Limit of llama.cpp.
  num_hidden_layers: count.max(512),
  hidden_size: count,
  intermediate_size: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  max_position_embeddings: count,
  vocab_size: count,
  rms_norm_eps: z.number().positive(),
  hidden_act: z.string().optional(),
  use_sliding_window: z.boolean().nullish(),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
})
const rootSchema = z.looseObject({
  model_type: z.string().optional(),
  architectures: z.array(z.string()).optional(),
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
  expectArchitecture(root, path)
  if (root.quantization_config !== undefined && root.quantization_config !== null) {
    throw unsupported(path, 'the checkpoint is quantized (quantization_config). Give the original checkpoint')
  }
  // As in transformers and llama.cpp's converter, text_config takes precedence over the top level.
  const merged = { ...root, ...root.text_config }
  const text = checkFields(merged, textSchema, path)
  const vision = checkFields(root.vision_config ?? undefined, qwen2VlVisionConfigSchema, `${path}: vision_config`)
  const language: Qwen2VlLanguageConfig = {
    layers: text.num_hidden_layers,
    width: text.hidden_size,
    feedForward: text.intermediate_size,
    heads: text.num_attention_heads,
    keyValueHeads: text.num_key_value_heads ?? text.num_attention_heads,
    headSize: text.head_dim ?? undefined,
    context: text.max_position_embeddings,
    vocabulary: text.vocab_size,
    ...ropeOf(text, path),
    normEpsilon: text.rms_norm_eps,
    tied: tiedOf(root),
    tokenIds: tokenIdsOf(root),
  }
  checkTogether(language, vision, path)
  if (text.hidden_act !== undefined && text.hidden_act !== 'silu')
    throw unsupported(path, `hidden_act is "${text.hidden_act}"; only "silu" is supported`)
  if (text.use_sliding_window) throw unsupported(path, 'use_sliding_window is true; only full attention is supported')
  return { language, vision }
}

/** Whether config.json belongs to Qwen2-VL or to Tarsier2, which wraps it. */
export function isQwen2VlConfig(config: unknown): boolean {
  const root = rootSchema.safeParse(config)
  return root.success && isQwen2Vl(root.data)
}

function isQwen2Vl(root: z.output<typeof rootSchema>): boolean {
  const { model_type: type, architectures = [] } = root
  if (type === 'qwen2_vl' && (architectures.length === 0 || architectures.includes('Qwen2VLForConditionalGeneration'))) return true
  return isTarsier2Wrapper(root)
}

function expectArchitecture(root: z.output<typeof rootSchema>, path: string): void {
  if (isQwen2Vl(root)) return
  const { model_type: type, architectures = [] } = root
  const found = [
    type === undefined ? 'no model_type' : `model_type "${type}"`,
    ...(type === 'llava' ? [`vision_config of ${kindOf(root.vision_config)}`, `text_config of ${kindOf(root.text_config)}`] : []),
    ...architectures.map((name) => `architecture ${name}`),
  ].join(', ')
  throw new TarsierError('model-unsupported', `${path}: found ${found}. ${ACCEPTED}.`, {
    details: { found: type ?? null, accepted: ['qwen2_vl'] },
  })
}

function kindOf(config: z.output<typeof rootSchema>['text_config']): string {
  return typeof config?.model_type === 'string' ? `model_type "${config.model_type}"` : 'no model_type'
}

function isTarsier2Wrapper({ model_type, vision_config, text_config, projection_head }: z.output<typeof rootSchema>): boolean {
  const inner = [vision_config?.model_type, text_config?.model_type]
  return model_type === 'llava' && inner.every((type) => type === 'qwen2_vl') && (projection_head ?? null) === null
}

function ropeOf(text: z.output<typeof textSchema>, path: string): Pick<Qwen2VlLanguageConfig, 'ropeTheta' | 'ropeSections'> {
  const rope = text.rope_parameters ?? text.rope_scaling ?? {}
  const type = rope.rope_type ?? rope.type ?? 'default'
  if (type !== 'default' && type !== 'mrope')
    throw unsupported(path, `the rotary positions are of type "${type}"; only "default" and "mrope" are supported`)
  const ropeTheta = rope.rope_theta ?? text.rope_theta
  if (ropeTheta === undefined || ropeTheta === null) throw damaged(path, 'rope_theta is missing')
  if (rope.mrope_section === undefined) throw damaged(path, 'rope_scaling.mrope_section is missing')
  return { ropeTheta, ropeSections: rope.mrope_section }
}

function checkTogether(language: Qwen2VlLanguageConfig, vision: Qwen2VlVisionConfig, path: string): void {
  const { width, heads, keyValueHeads, headSize, ropeSections } = language
  if (width % heads !== 0) throw damaged(path, `hidden_size (${width}) is not a multiple of num_attention_heads (${heads})`)
  if (heads % keyValueHeads !== 0)
    throw damaged(path, `num_attention_heads (${heads}) is not a multiple of num_key_value_heads (${keyValueHeads})`)
  const head = width / heads
  if (headSize !== undefined && headSize !== head)
    throw unsupported(path, `head_dim is ${headSize}; only hidden_size / num_attention_heads (${head}) is supported`)
  const frequencies = ropeSections[0] + ropeSections[1] + ropeSections[2]
  if (frequencies * 2 !== head) throw damaged(path, `mrope_section defines ${frequencies} frequencies, but half a head has ${head / 2}`)
  if (vision.hidden_size !== width) {
    throw new TarsierError(
      'model-mismatch',
      `${path}: the vision tower produces rows of ${vision.hidden_size} values (vision_config.hidden_size), but the language model requires ${width} (hidden_size).`,
      { details: { vision: vision.hidden_size, language: width } },
    )
  }
}

function unsupported(path: string, what: string): TarsierError {
  return new TarsierError('model-unsupported', `${path}: ${what}.`)
}

function damaged(path: string, what: string): TarsierError {
  return new TarsierError('model-damaged', `${path}: ${what}. Download the file again.`)
}
