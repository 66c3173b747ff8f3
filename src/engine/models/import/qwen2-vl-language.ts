import { TarsierError } from '../../../shared/errors.ts'
import type { TensorSource } from '../types.ts'
import type { Qwen2VlLanguageConfig } from './checkpoint-config.ts'
import { type TensorType, tensorTypes, type WrittenPrecision } from './gguf-format.ts'
import { convertTensor } from './gguf-tensor-data.ts'
import type { GgufContent, GgufTensor, GgufValue } from './gguf-writer.ts'
import type { ModelCard } from './model-card.ts'
import { expectShape } from './onnx-checkpoint-weights.ts'
import type { Vocabulary } from './vocabulary.ts'

/** llama.cpp's name of this architecture. */
const ARCHITECTURE = 'qwen2vl'
/** Where the layers are in published checkpoints, in those of newer transformers, and under Tarsier2's own wrapper. */
const LAYOUTS = [
  { body: 'model.', head: 'lm_head.weight' },
  { body: 'model.language_model.', head: 'lm_head.weight' },
  { body: 'language_model.model.', head: 'language_model.lm_head.weight' },
] as const
/** llama.cpp's numbers for what most of a file's tensors are. */
const FILE_TYPES: Readonly<Record<WrittenPrecision, number>> = { f32: 0, f16: 1, q8_0: 7 }
const MATRIX_TYPES: Readonly<Record<WrittenPrecision, TensorType>> = { f32: 'F32', f16: 'F16', q8_0: 'Q8_0' }
const QUANTIZATION_VERSION = 2
/** GGUF's words for the kinds of special tokens; the misspelling is the format's. */
const TOKEN_KEYS: Readonly<Record<string, string>> = {
  bos: 'bos_token_id',
  eos: 'eos_token_id',
  unk: 'unknown_token_id',
  sep: 'seperator_token_id',
  pad: 'padding_token_id',
  cls: 'cls_token_id',
  mask: 'mask_token_id',
}

export interface LanguageParts {
  readonly name: string
  readonly config: Qwen2VlLanguageConfig
  readonly vocabulary: Vocabulary
  /** The template that goes into the file; the engine renders the manifest's. */
  readonly template: string
  readonly card: ModelCard
}

export interface LanguageOptions {
  readonly precision: WrittenPrecision
  readonly signal: AbortSignal
}

/**
 * The language model of a Qwen2-VL checkpoint as llama.cpp's own converter (convert_hf_to_gguf.py) writes it: the same keys,
 * names and types of tensors. Vectors stay in 32 bits; a matrix whose rows are not whole blocks of 32 becomes f16 under q8_0.
 * Every tensor's presence, type and shape is checked here, before anything is written. Throws `model-damaged` and `model-unsupported`.
 */
export function languageContent(source: TensorSource, parts: LanguageParts, options: LanguageOptions): GgufContent {
  return { metadata: metadataOf(parts, options.precision), tensors: tensorsOf(source, parts.config, options) }
}

function metadataOf({ name, config, vocabulary, template, card }: LanguageParts, precision: WrittenPrecision): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>()
  const text = (key: string, value: string | undefined) => value !== undefined && metadata.set(key, { type: 'string', value })
  const texts = (key: string, value: readonly string[]) => value.length > 0 && metadata.set(key, { type: 'string[]', value })
  const count = (key: string, value: number) => metadata.set(key, { type: 'u32', value })
  const float = (key: string, value: number) => metadata.set(key, { type: 'f32', value })
  const own = (key: string) => `${ARCHITECTURE}.${key}`

  text('general.architecture', ARCHITECTURE)
  text('general.type', 'model')
  text('general.name', name)
  text('general.license', card.licence)
  text('general.license.name', card.licenceName)
  text('general.license.link', card.licenceLink)
  texts('general.tags', card.tags)
  texts('general.languages', card.languages)
  count(own('block_count'), config.layers)
  count(own('context_length'), config.context)
  count(own('embedding_length'), config.width)
  count(own('feed_forward_length'), config.feedForward)
  count(own('attention.head_count'), config.heads)
  count(own('attention.head_count_kv'), config.keyValueHeads)
  metadata.set(own('rope.dimension_sections'), { type: 'i32[]', value: [...config.ropeSections, 0] })
  float(own('rope.freq_base'), config.ropeTheta)
  float(own('attention.layer_norm_rms_epsilon'), config.normEpsilon)
  count('general.file_type', FILE_TYPES[precision])
  count('general.quantization_version', QUANTIZATION_VERSION)
  text('tokenizer.ggml.model', 'gpt2')
  text('tokenizer.ggml.pre', 'qwen2')
  texts('tokenizer.ggml.tokens', vocabulary.tokens)
  metadata.set('tokenizer.ggml.token_type', { type: 'i32[]', value: vocabulary.types })
  texts('tokenizer.ggml.merges', vocabulary.merges)
  for (const [kind, id] of vocabulary.specialIds) {
    const key = TOKEN_KEYS[kind]
    if (key !== undefined) count(`tokenizer.ggml.${key}`, id)
  }
  // Only these three are keys of the format. Qwen2 puts nothing before a text, and a file that is silent leaves it to the reader.
  for (const kind of ['bos', 'eos', 'sep']) {
    const value = vocabulary.adds.get(kind) ?? (kind === 'bos' ? false : undefined)
    if (value !== undefined) metadata.set(`tokenizer.ggml.add_${kind}_token`, { type: 'bool', value })
  }
  text('tokenizer.chat_template', template)
  return metadata
}

function tensorsOf(source: TensorSource, config: Qwen2VlLanguageConfig, { precision, signal }: LanguageOptions): GgufTensor[] {
  const { body, head } = findLayout(source)
  const { width, feedForward, vocabulary, layers } = config
  const keyValueWidth = (width / config.heads) * config.keyValueHeads
  if (source.has(`${body}layers.${layers}.input_layernorm.weight`)) {
    throw new TarsierError(
      'model-damaged',
      `The language model has more layers than the ${layers} that config.json speaks of. Fetch the checkpoint again.`,
    )
  }
  const tensors: GgufTensor[] = []
  const add = (name: string, key: string, shape: readonly number[]) => {
    expectShape(source, key, shape)
    const type = typeOf(shape, precision)
    tensors.push({ name, type, shape, data: () => convertTensor(source, key, type, signal) })
  }
  add('token_embd.weight', `${body}embed_tokens.weight`, [vocabulary, width])
  for (let layer = 0; layer < layers; layer++) {
    const from = `${body}layers.${layer}.`
    const to = `blk.${layer}.`
    add(`${to}attn_norm.weight`, `${from}input_layernorm.weight`, [width])
    for (const [part, rows] of [
      ['q', width],
      ['k', keyValueWidth],
      ['v', keyValueWidth],
    ] as const) {
      add(`${to}attn_${part}.weight`, `${from}self_attn.${part}_proj.weight`, [rows, width])
      add(`${to}attn_${part}.bias`, `${from}self_attn.${part}_proj.bias`, [rows])
    }
    add(`${to}attn_output.weight`, `${from}self_attn.o_proj.weight`, [width, width])
    add(`${to}ffn_norm.weight`, `${from}post_attention_layernorm.weight`, [width])
    add(`${to}ffn_gate.weight`, `${from}mlp.gate_proj.weight`, [feedForward, width])
    add(`${to}ffn_up.weight`, `${from}mlp.up_proj.weight`, [feedForward, width])
    add(`${to}ffn_down.weight`, `${from}mlp.down_proj.weight`, [width, feedForward])
  }
  add('output_norm.weight', `${body}norm.weight`, [width])
  // Tied: llama.cpp takes the embeddings where there is no output. A config.json that is silent means what the tensors show.
  if (!(config.tied ?? !source.has(head))) add('output.weight', head, [vocabulary, width])
  return tensors
}

function findLayout(source: TensorSource): (typeof LAYOUTS)[number] {
  const layout = LAYOUTS.find(({ body }) => source.has(`${body}embed_tokens.weight`))
  if (layout) return layout
  throw new TarsierError(
    'model-unsupported',
    `The checkpoint has no Qwen2-VL language model: no tensor is called "embed_tokens.weight" after any of ${LAYOUTS.map(({ body }) => body).join(', ')}.`,
  )
}

function typeOf(shape: readonly number[], precision: WrittenPrecision): TensorType {
  if (shape.length === 1) return 'F32'
  const type = MATRIX_TYPES[precision]
  return (shape.at(-1) ?? 0) % tensorTypes[type].block === 0 ? type : 'F16'
}
