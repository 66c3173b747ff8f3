import { TarsierError } from '../../shared/errors.ts'
import { tensorTypes, type WrittenPrecision, type WrittenType } from '../formats/gguf/gguf-format.ts'
import { convertRotaryRows, convertTensor } from '../formats/gguf/gguf-tensor-data.ts'
import type { GgufTensor } from '../formats/gguf/gguf-writer.ts'
import { expectShape } from '../formats/onnx/onnx-checkpoint-weights.ts'
import type { TensorSource } from '../formats/tensor-source.ts'

/**
 * Tensor name prefixes of the layers: in LLaVA's and Tarsier's own wrappers, in those of newer transformers, and in checkpoints of the
 * language model alone or of Qwen2-VL as published.
 */
const LAYOUTS = [
  { body: 'language_model.model.', head: 'language_model.lm_head.weight' },
  { body: 'model.language_model.', head: 'lm_head.weight' },
  { body: 'model.', head: 'lm_head.weight' },
] as const
const MATRIX_TYPES: Readonly<Record<WrittenPrecision, WrittenType>> = { f32: 'F32', f16: 'F16', q8_0: 'Q8_0' }

/** Sizes of a language model with llama-style layers. */
export interface LayerSizes {
  readonly layers: number
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly headSize: number
  readonly vocabulary: number
  /** Whether the output layer is the embedding table; undefined unless config.json sets it. */
  readonly tied: boolean | undefined
  /** Whether queries, keys and values have biases. */
  readonly biases: boolean
  /** Whether queries and keys are normalized by head. */
  readonly headNorms: boolean
  /**
   * Whether rows of queries and keys are permuted: checkpoints store the two halves of a head's rotary pairs separately, while llama.cpp
   * requires them interleaved for the architecture `llama`.
   */
  readonly interleaved: boolean
}

export interface LanguageOptions {
  readonly precision: WrittenPrecision
  readonly signal: AbortSignal
}

/**
 * Returns the tensors of a language model with the same names, types and bytes as llama.cpp's converter. Vectors stay f32; with q8_0,
 * matrices whose row length is not a multiple of 32 become f16. Checks that all tensors exist and have the right shape before
 * anything is written. Throws `model-damaged` and `model-unsupported`.
 */
export function languageTensors(source: TensorSource, shape: LayerSizes, { precision, signal }: LanguageOptions): GgufTensor[] {
  const { body, head } = findLayout(source)
  const { width, feedForward, vocabulary, headSize } = shape
  expectNoMore(source, body, shape)
  const tensors: GgufTensor[] = []
  const add = (name: string, key: string, dimensions: readonly number[], data = convertTensor) => {
    expectShape(source, key, dimensions)
    const type = typeOf(dimensions, precision)
    tensors.push({ name, type, shape: dimensions, data: () => data(source, key, type, signal) })
  }
  add('token_embd.weight', `${body}embed_tokens.weight`, [vocabulary, width])
  for (let layer = 0; layer < shape.layers; layer++) {
    const from = `${body}layers.${layer}.`
    const to = `blk.${layer}.`
    add(`${to}attn_norm.weight`, `${from}input_layernorm.weight`, [width])
    for (const [part, heads] of [
      ['q', shape.heads],
      ['k', shape.keyValueHeads],
      ['v', shape.keyValueHeads],
    ] as const) {
      const rotary = shape.interleaved && part !== 'v'
      const data: typeof convertTensor = (...given) => (rotary ? convertRotaryRows(headSize, ...given) : convertTensor(...given))
      add(`${to}attn_${part}.weight`, `${from}self_attn.${part}_proj.weight`, [heads * headSize, width], data)
      if (shape.biases) add(`${to}attn_${part}.bias`, `${from}self_attn.${part}_proj.bias`, [heads * headSize], data)
    }
    for (const part of shape.headNorms ? ['q', 'k'] : [])
      add(`${to}attn_${part}_norm.weight`, `${from}self_attn.${part}_norm.weight`, [headSize])
    add(`${to}attn_output.weight`, `${from}self_attn.o_proj.weight`, [width, shape.heads * headSize])
    add(`${to}ffn_norm.weight`, `${from}post_attention_layernorm.weight`, [width])
    add(`${to}ffn_gate.weight`, `${from}mlp.gate_proj.weight`, [feedForward, width])
    add(`${to}ffn_up.weight`, `${from}mlp.up_proj.weight`, [feedForward, width])
    add(`${to}ffn_down.weight`, `${from}mlp.down_proj.weight`, [width, feedForward])
  }
  add('output_norm.weight', `${body}norm.weight`, [width])
  // If tied, llama.cpp uses the embeddings as output. The tensors take precedence, because the config.json of wrappers may be wrong.
  if (source.has(head) || shape.tied === false) add('output.weight', head, [vocabulary, width])
  return tensors
}

function findLayout(source: TensorSource): (typeof LAYOUTS)[number] {
  const layout = LAYOUTS.find(({ body }) => source.has(`${body}embed_tokens.weight`))
  if (layout) return layout
  throw new TarsierError(
    'model-unsupported',
    `The checkpoint contains no language model: there is no tensor "embed_tokens.weight" with any of the prefixes ${LAYOUTS.map(({ body }) => body).join(', ')}.`,
  )
}

/** Rejects layers, biases and norms that config.json does not declare; otherwise they would be dropped silently. */
function expectNoMore(source: TensorSource, body: string, { layers, biases, headNorms }: LayerSizes): void {
  if (source.has(`${body}layers.${layers}.input_layernorm.weight`)) {
    throw new TarsierError(
      'model-damaged',
      `The language model has more layers than the ${layers} in config.json. Download the checkpoint again.`,
    )
  }
  const bias = ['q', 'k', 'v', 'o'].map((part) => `${body}layers.0.self_attn.${part}_proj.bias`).find((key) => source.has(key))
  if (bias !== undefined && !(biases && !bias.includes('.o_proj.'))) {
    throw new TarsierError(
      'model-unsupported',
      `The language model has biases ("${bias}"), which are not supported for this kind of model.`,
    )
  }
  const norm = `${body}layers.0.self_attn.q_norm.weight`
  if (!headNorms && source.has(norm)) {
    throw new TarsierError(
      'model-unsupported',
      `The language model normalizes queries and keys ("${norm}"), which is not supported for this kind of model.`,
    )
  }
}

function typeOf(shape: readonly number[], precision: WrittenPrecision): WrittenType {
  if (shape.length === 1) return 'F32'
  const type = MATRIX_TYPES[precision]
  return (shape.at(-1) ?? 0) % tensorTypes[type].block === 0 ? type : 'F16'
}
