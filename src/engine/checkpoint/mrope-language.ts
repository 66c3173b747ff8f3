import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { checkFields } from '../formats/checked-json.ts'
import type { GgufContent, GgufValue } from '../formats/gguf/gguf-writer.ts'
import type { TensorSource } from '../formats/tensor-source.ts'
import { type CheckpointRoot, tiedOf, tokenIdsOf } from './config-file.ts'
import type { LanguageConfig } from './language-config.ts'
import { type LanguageMetadata, languageMetadata } from './language-metadata.ts'
import { type LanguageOptions, languageTensors } from './language-tensors.ts'

/** How language models with such a config differ. */
export interface MropeForm {
  /** llama.cpp's name of the architecture. */
  readonly architecture: string
  readonly biases: boolean
  readonly headNorms: boolean
  /** Further settings, keyed without the architecture prefix. */
  readonly more: Readonly<Record<string, GgufValue>>
}

const QWEN2_VL: MropeForm = { architecture: 'qwen2vl', biases: true, headNorms: false, more: {} }

/** Config of the language model of Qwen2-VL and its successors, whose positions have three planes (M-RoPE). */
export interface MropeLanguageConfig extends LanguageConfig {
  readonly ropeTheta: number
  /** Numbers of rotary frequencies per head for time, row and column; their sum is half the head size. */
  readonly ropeSections: readonly [number, number, number]
}

export interface LanguageParts extends Omit<LanguageMetadata, 'architecture' | 'settings'> {
  readonly config: MropeLanguageConfig
}

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

export interface MropeOptions {
  /** Size of a head if config.json does not set it, where it is independent of the width. Defaults to `width / heads`, and then no other is accepted. */
  readonly ownHeadSize?: number
}

/**
 * Parses the language model's fields of config.json: at the top level in published checkpoints, in `text_config` as newer transformers writes them.
 * Throws `model-unsupported`, and `model-damaged` for missing or invalid fields.
 */
export function mropeLanguageOf(root: CheckpointRoot, path: string, { ownHeadSize }: MropeOptions = {}): MropeLanguageConfig {
  // As in transformers and llama.cpp's converter, text_config takes precedence over the top level.
  const text = checkFields({ ...root, ...root.text_config }, textSchema, path)
  const language: MropeLanguageConfig = {
    layers: text.num_hidden_layers,
    width: text.hidden_size,
    feedForward: text.intermediate_size,
    heads: text.num_attention_heads,
    keyValueHeads: text.num_key_value_heads ?? text.num_attention_heads,
    headSize: text.head_dim ?? ownHeadSize,
    context: text.max_position_embeddings,
    vocabulary: text.vocab_size,
    ...ropeOf(text, path),
    normEpsilon: text.rms_norm_eps,
    tied: tiedOf(root),
    tokenIds: tokenIdsOf(root),
  }
  if (ownHeadSize === undefined) expectHeadsOfWidth(language, path)
  checkTogether(language, path)
  if (text.hidden_act !== undefined && text.hidden_act !== 'silu')
    throw unsupported(path, `hidden_act is "${text.hidden_act}"; only "silu" is supported`)
  if (text.use_sliding_window) throw unsupported(path, 'use_sliding_window is true; only full attention is supported')
  return language
}

/** Throws `model-mismatch` if a tower's rows do not have the language model's width. */
export function expectSameWidth(rows: number, { width }: MropeLanguageConfig, path: string): void {
  if (rows === width) return
  throw new TarsierError(
    'model-mismatch',
    `${path}: the vision tower produces rows of ${rows} values (vision_config), but the language model requires ${width} (hidden_size).`,
    { details: { vision: rows, language: width } },
  )
}

/**
 * GGUF content for the language model of such a checkpoint, as llama.cpp's converter writes it. Checks the presence and shape of every
 * tensor before anything is written. Throws `model-damaged` and `model-unsupported`.
 * @param form defaults to Qwen2-VL's, which is also Qwen2.5-VL's
 */
export function languageContent(
  source: TensorSource,
  parts: LanguageParts,
  options: LanguageOptions,
  { architecture, biases, headNorms, more }: MropeForm = QWEN2_VL,
): GgufContent {
  const { config } = parts
  const shape = { ...config, headSize: headOf(config), biases, headNorms, interleaved: false }
  const tensors = languageTensors(source, shape, options)
  const sections = { type: 'i32[]' as const, value: [...config.ropeSections, 0] }
  const settings = { ...config, more: { 'rope.dimension_sections': sections, ...more } }
  return { metadata: languageMetadata({ ...parts, architecture, settings }, tensors, options.precision), tensors }
}

function headOf({ headSize, width, heads }: MropeLanguageConfig): number {
  return headSize ?? width / heads
}

function ropeOf(text: z.output<typeof textSchema>, path: string): Pick<MropeLanguageConfig, 'ropeTheta' | 'ropeSections'> {
  const rope = text.rope_parameters ?? text.rope_scaling ?? {}
  const type = rope.rope_type ?? rope.type ?? 'default'
  if (type !== 'default' && type !== 'mrope')
    throw unsupported(path, `the rotary positions are of type "${type}"; only "default" and "mrope" are supported`)
  const ropeTheta = rope.rope_theta ?? text.rope_theta
  if (ropeTheta === undefined || ropeTheta === null) throw damaged(path, 'rope_theta is missing')
  if (rope.mrope_section === undefined) throw damaged(path, 'rope_scaling.mrope_section is missing')
  return { ropeTheta, ropeSections: rope.mrope_section }
}

function expectHeadsOfWidth({ width, heads, headSize }: MropeLanguageConfig, path: string): void {
  if (width % heads !== 0) throw damaged(path, `hidden_size (${width}) is not a multiple of num_attention_heads (${heads})`)
  const head = width / heads
  if (headSize !== undefined && headSize !== head)
    throw unsupported(path, `head_dim is ${headSize}; only hidden_size / num_attention_heads (${head}) is supported`)
}

function checkTogether(language: MropeLanguageConfig, path: string): void {
  const { heads, keyValueHeads, ropeSections } = language
  if (heads % keyValueHeads !== 0)
    throw damaged(path, `num_attention_heads (${heads}) is not a multiple of num_key_value_heads (${keyValueHeads})`)
  const head = headOf(language)
  const frequencies = ropeSections[0] + ropeSections[1] + ropeSections[2]
  if (frequencies * 2 !== head) throw damaged(path, `mrope_section defines ${frequencies} frequencies, but half a head has ${head / 2}`)
}

function unsupported(path: string, what: string): TarsierError {
  return new TarsierError('model-unsupported', `${path}: ${what}.`)
}

function damaged(path: string, what: string): TarsierError {
  return new TarsierError('model-damaged', `${path}: ${what}. Download the file again.`)
}
