import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { LlamaLanguageConfig } from './language.ts'

const count = z.int().positive()
const ropeSchema = z.object({
  rope_theta: z.number().positive().nullish(),
  rope_type: z.string().nullish(),
  /** Older name of `rope_type`. */
  type: z.string().nullish(),
  factor: z.number().positive().nullish(),
})

/**
 * Schema for the `text_config` of a llama or Qwen2 language model. The defaults are those of transformers, which omits default values when
 * it writes a file.
 */
function textSchema(defaults: { width: number; feedForward: number; context: number; vocabulary: number }) {
  return z.looseObject({
    num_hidden_layers: count.max(512).default(32), // limit of llama.cpp
    hidden_size: count.default(defaults.width),
    intermediate_size: count.default(defaults.feedForward),
    num_attention_heads: count.default(32),
    num_key_value_heads: count.nullish(),
    head_dim: count.nullish(),
    max_position_embeddings: count.default(defaults.context),
    vocab_size: count.default(defaults.vocabulary),
    rms_norm_eps: z.number().positive().default(1e-6),
    hidden_act: z.string().default('silu'),
    use_sliding_window: z.boolean().nullish(),
    attention_bias: z.boolean().nullish(),
    mlp_bias: z.boolean().nullish(),
    rope_theta: z.number().positive().nullish(),
    rope_scaling: ropeSchema.nullish(),
    rope_parameters: ropeSchema.nullish(),
  })
}
const schemas = {
  llama: textSchema({ width: 4096, feedForward: 11008, context: 2048, vocabulary: 32000 }),
  qwen2: textSchema({ width: 4096, feedForward: 22016, context: 32768, vocabulary: 151936 }),
} as const

export type LlavaArchitecture = keyof typeof schemas

/**
 * Reads a wrapper's `text_config`, except for the fields that the wrapper itself may contain. Throws `model-unsupported` for features that
 * llama.cpp's architectures lack, `model-damaged`.
 */
export function readLlavaLanguage(
  value: unknown,
  architecture: LlavaArchitecture,
  path: string,
): Omit<LlamaLanguageConfig, 'tokenIds' | 'tied'> {
  const text = checkFields(value ?? {}, schemas[architecture], path)
  const refuse = (what: string): never => {
    throw new TarsierError('model-unsupported', `${path}: ${what}.`)
  }
  if (text.hidden_act !== 'silu') refuse(`hidden_act is "${text.hidden_act}"; only "silu" is supported`)
  if (text.use_sliding_window) refuse('use_sliding_window is true; only full attention is supported')
  for (const field of ['attention_bias', 'mlp_bias'] as const) if (text[field]) refuse(`${field} is true; only false is supported`)
  const heads = text.num_attention_heads
  const keyValueHeads = text.num_key_value_heads ?? heads
  const damaged = (what: string): never => {
    throw new TarsierError('model-damaged', `${path}: ${what}. Download the file again.`)
  }
  if (text.head_dim == null && text.hidden_size % heads !== 0)
    damaged(`hidden_size (${text.hidden_size}) is not a multiple of num_attention_heads (${heads})`)
  if (heads % keyValueHeads !== 0) damaged(`num_attention_heads (${heads}) is not a multiple of num_key_value_heads (${keyValueHeads})`)
  // llama.cpp reads the head size only for llama.
  if (architecture === 'qwen2' && text.head_dim != null && text.head_dim * heads !== text.hidden_size)
    refuse(`head_dim is ${text.head_dim}; only hidden_size / num_attention_heads (${text.hidden_size / heads}) is supported`)
  const rope = text.rope_parameters ?? text.rope_scaling ?? {}
  const kind = rope.rope_type ?? rope.type ?? 'default'
  if (kind !== 'default' && kind !== 'linear')
    refuse(`the rotary positions are of type "${kind}"; only "default" and "linear" are supported`)
  if (kind === 'linear' && rope.factor == null) damaged('the factor of the linear rotary positions is missing')
  return {
    architecture,
    layers: text.num_hidden_layers,
    width: text.hidden_size,
    feedForward: text.intermediate_size,
    heads,
    keyValueHeads,
    headSize: text.head_dim ?? undefined,
    context: text.max_position_embeddings,
    vocabulary: text.vocab_size,
    ropeTheta: rope.rope_theta ?? text.rope_theta ?? undefined,
    ropeLinearFactor: kind === 'linear' ? (rope.factor ?? undefined) : undefined,
    normEpsilon: text.rms_norm_eps,
  }
}
