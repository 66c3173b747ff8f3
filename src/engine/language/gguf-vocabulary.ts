import { TarsierError } from '../../shared/errors.ts'
import type { GgufArray, GgufHead, GgufValue } from '../formats/gguf/gguf-head.ts'
import { GgufError } from '../formats/gguf/gguf-reader.ts'
import { ggufValueTypes } from '../formats/gguf/gguf-types.ts'

const TOKENS = 'tokenizer.ggml.tokens'
/** The string arrays that {@link checkVocabulary} reads. */
export const VOCABULARY_TEXTS: ReadonlySet<string> = new Set([TOKENS])

/** llama.cpp's names for byte-level BPE and SentencePiece. */
const MODELS: readonly unknown[] = ['gpt2', 'llama']
const BYTES = 256
/** Largest default id of a special token in llama.cpp, for files that do not set it. */
const DEFAULT_ID = 11

/**
 * Checks the properties of a vocabulary on which llama.cpp has assertions or throws while tokenizing: no duplicate tokens, as many types
 * and scores as tokens, and a token for each byte where SentencePiece falls back to bytes. Returns the number of tokens.
 * Throws a {@link GgufError}, or `model-unsupported`.
 */
export function checkVocabulary(path: string, values: GgufHead['values']): number {
  const model = values.get('tokenizer.ggml.model')
  const list = arrayOf(values.get(TOKENS))
  if (model === undefined || list === null) {
    throw new TarsierError('model-unsupported', `${path} is not a language model because it has no vocabulary. Use another GGUF file.`)
  }
  if (!MODELS.includes(model)) {
    throw new TarsierError(
      'model-unsupported',
      `${path} has a vocabulary of type "${String(model)}"; only byte-level BPE (gpt2) and SentencePiece (llama) are supported.`,
    )
  }
  if (!list.texts || list.count === 0) throw new GgufError('its vocabulary is not a list of strings')
  const tokens = new Set<string>()
  for (const [id, text] of list.texts.entries()) {
    // llama.cpp's name for a token without text.
    const name = text === '' ? `[EMPTY_${id}]` : text
    if (tokens.has(name)) throw new GgufError(`the token ${JSON.stringify(name.slice(0, 64))} occurs twice`)
    tokens.add(name)
  }
  expectArray(values, 'tokenizer.ggml.token_type', list.count, [ggufValueTypes.i32])
  expectArray(values, 'tokenizer.ggml.scores', list.count, [ggufValueTypes.f32, ggufValueTypes.i32])
  if (model === 'gpt2') {
    if (arrayOf(values.get('tokenizer.ggml.merges'))?.element !== ggufValueTypes.string) throw new GgufError('its vocabulary has no merges')
  } else expectBytes(tokens)
  for (const kind of ['bos', 'eos', 'eot', 'unknown', 'seperator', 'padding', 'mask']) {
    const key = `tokenizer.ggml.${kind}_token_id`
    const id = values.get(key)
    if (id !== undefined && !(typeof id === 'number' && id >= 0 && id < list.count)) throw new GgufError(`${key} is ${String(id)}`)
  }
  for (const kind of ['bos', 'eos']) {
    const silent = !values.has(`tokenizer.ggml.${kind}_token_id`) && list.count <= DEFAULT_ID
    if (silent && values.get(`tokenizer.ggml.add_${kind}_token`) === true) throw new GgufError(`it does not define its ${kind} token`)
  }
  return list.count
}

function expectArray(values: GgufHead['values'], key: string, count: number, elements: readonly number[]): void {
  const value = values.get(key)
  if (value === undefined) return
  const array = arrayOf(value)
  if (array?.count !== count || !elements.includes(array.element)) throw new GgufError(`${key} does not have one entry per token`)
}

function expectBytes(tokens: ReadonlySet<string>): void {
  for (let byte = 0; byte < BYTES; byte += 1) {
    const text = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
    const plain = byte < 128 ? String.fromCharCode(byte) : text
    if (!tokens.has(text) && !tokens.has(plain)) throw new GgufError(`its vocabulary does not contain ${text}`)
  }
}

function arrayOf(value: GgufValue | undefined): GgufArray | null {
  return typeof value === 'object' ? value : null
}
