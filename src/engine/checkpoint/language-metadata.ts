import type { WrittenPrecision } from '../formats/gguf/gguf-format.ts'
import type { GgufTensor, GgufValue } from '../formats/gguf/gguf-writer.ts'
import type { ModelCard } from './model-card.ts'
import type { Vocabulary } from './vocabulary.ts'

/** llama.cpp's file types, which denote the type of most tensors. */
const FILE_TYPES: Readonly<Record<WrittenPrecision, number>> = { f32: 0, f16: 1, q8_0: 7 }
const QUANTIZATION_VERSION = 2
/** GGUF's keys for the kinds of special tokens; the misspelling is part of the format. */
const TOKEN_KEYS: Readonly<Record<string, string>> = {
  bos: 'bos_token_id',
  eos: 'eos_token_id',
  unk: 'unknown_token_id',
  sep: 'seperator_token_id',
  pad: 'padding_token_id',
  cls: 'cls_token_id',
  mask: 'mask_token_id',
}
/** The only kinds with `add_…_token` keys in the format. */
const ADDED_KINDS = ['bos', 'eos', 'sep'] as const

/** Settings that all supported language models have, and further ones in `more`, keyed without the architecture prefix. */
export interface LanguageSettings {
  readonly layers: number
  readonly context: number
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly ropeTheta: number
  readonly normEpsilon: number
  readonly more: Readonly<Record<string, GgufValue>>
}

export interface LanguageMetadata {
  readonly name: string
  /** llama.cpp's name of the architecture. */
  readonly architecture: string
  readonly settings: LanguageSettings
  readonly vocabulary: Vocabulary
  /** Chat template stored in the file for other programs; the engine renders the one in the manifest. */
  readonly template: string | undefined
  readonly card: ModelCard
}

/** Builds a language model's metadata as llama.cpp's converter (convert_hf_to_gguf.py) does, except for values that it guesses from names. */
export function languageMetadata(
  source: LanguageMetadata,
  tensors: readonly GgufTensor[],
  precision: WrittenPrecision,
): Map<string, GgufValue> {
  const { architecture, settings, card } = source
  const metadata = new Map<string, GgufValue>()
  const text = (key: string, value: string | undefined) => value !== undefined && metadata.set(key, { type: 'string', value })
  const texts = (key: string, value: readonly string[]) => value.length > 0 && metadata.set(key, { type: 'string[]', value })
  const count = (key: string, value: number) => metadata.set(key, { type: 'u32', value })
  const own = (key: string) => `${architecture}.${key}`

  text('general.architecture', architecture)
  text('general.type', 'model')
  text('general.name', source.name)
  text('general.size_label', sizeLabel(tensors))
  text('general.license', card.licence)
  text('general.license.name', card.licenceName)
  text('general.license.link', card.licenceLink)
  texts('general.tags', card.tags)
  texts('general.languages', card.languages)
  count(own('block_count'), settings.layers)
  count(own('context_length'), settings.context)
  count(own('embedding_length'), settings.width)
  count(own('feed_forward_length'), settings.feedForward)
  count(own('attention.head_count'), settings.heads)
  count(own('attention.head_count_kv'), settings.keyValueHeads)
  metadata.set(own('rope.freq_base'), { type: 'f32', value: settings.ropeTheta })
  metadata.set(own('attention.layer_norm_rms_epsilon'), { type: 'f32', value: settings.normEpsilon })
  for (const [key, value] of Object.entries(settings.more)) metadata.set(own(key), value)
  count('general.file_type', FILE_TYPES[precision])
  count('general.quantization_version', QUANTIZATION_VERSION)
  addVocabulary(metadata, source.vocabulary)
  text('tokenizer.chat_template', source.template)
  return metadata
}

function addVocabulary(metadata: Map<string, GgufValue>, vocabulary: Vocabulary): void {
  const key = (name: string) => `tokenizer.ggml.${name}`
  const { kind, scores, merges, spacePrefix } = vocabulary
  metadata.set(key('model'), { type: 'string', value: kind.model })
  metadata.set(key('pre'), { type: 'string', value: kind.pre })
  metadata.set(key('tokens'), { type: 'string[]', value: vocabulary.tokens })
  if (scores.length > 0) metadata.set(key('scores'), { type: 'f32[]', value: scores })
  metadata.set(key('token_type'), { type: 'i32[]', value: vocabulary.types })
  if (merges.length > 0) metadata.set(key('merges'), { type: 'string[]', value: merges })
  for (const [special, id] of vocabulary.specialIds) {
    const name = TOKEN_KEYS[special]
    if (name !== undefined) metadata.set(key(name), { type: 'u32', value: id })
  }
  for (const special of ADDED_KINDS) {
    const value = vocabulary.adds.get(special)
    if (value !== undefined) metadata.set(key(`add_${special}_token`), { type: 'bool', value })
  }
  if (spacePrefix !== undefined) metadata.set(key('add_space_prefix'), { type: 'bool', value: spacePrefix })
}

/** Number of parameters with two digits, as in "7.6B". */
function sizeLabel(tensors: readonly GgufTensor[]): string {
  const total = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0)
  const [scale, unit] = total > 1e12 ? [1e-12, 'T'] : total > 1e9 ? [1e-9, 'B'] : total > 1e6 ? [1e-6, 'M'] : ([1e-3, 'K'] as const)
  const scaled = total * scale
  const whole = String(Math.round(scaled)).replace(/^0+/, '').length
  return `${scaled.toFixed(Math.max(0, 2 - whole))}${unit}`
}
