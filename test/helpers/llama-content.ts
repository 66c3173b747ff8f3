import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeLlamaVocabulary, readLlamaTokenizerFiles } from '../../src/engine/checkpoint/llama-vocabulary.ts'
import { readTokenizerFiles } from '../../src/engine/checkpoint/tokenizer-files.ts'
import { makeVocabulary } from '../../src/engine/checkpoint/vocabulary.ts'
import { type LlamaLanguageConfig, llamaLanguageContent } from '../../src/engine/families/llava/language.ts'
import { type GgufContent, ggufHeader, ggufTensorPieces } from '../../src/engine/formats/gguf/gguf-writer.ts'
import type { TensorSource } from '../../src/engine/formats/tensor-source.ts'

/** The settings of a checkpoint that tools/reference/converter_fixtures.py wrote. */
export function llamaConfig(directory: string): LlamaLanguageConfig {
  const root = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'))
  const text = { ...root, ...root.text_config }
  const ids = ['bos', 'eos', 'pad'].map((kind) => [kind, root[`${kind}_token_id`] ?? text[`${kind}_token_id`]] as const)
  return {
    architecture: text.model_type,
    layers: text.num_hidden_layers,
    width: text.hidden_size,
    feedForward: text.intermediate_size,
    heads: text.num_attention_heads,
    keyValueHeads: text.num_key_value_heads,
    headSize: text.head_dim,
    context: text.max_position_embeddings,
    vocabulary: text.vocab_size,
    ropeTheta: text.rope_theta,
    ropeLinearFactor: text.rope_scaling?.factor,
    normEpsilon: text.rms_norm_eps,
    tied: text.tie_word_embeddings,
    tokenIds: new Map(ids.filter(([, id]) => id !== undefined)),
  }
}

/** The GGUF of such a checkpoint, named `tiny`. */
export async function llamaContent(directory: string, source: TensorSource, precision: 'f16' | 'f32'): Promise<GgufContent> {
  const config = llamaConfig(directory)
  const vocabulary =
    config.architecture === 'qwen2'
      ? makeVocabulary(await readTokenizerFiles(directory), config.vocabulary, config.tokenIds)
      : makeLlamaVocabulary(await readLlamaTokenizerFiles(directory), config.vocabulary, config.tokenIds)
  const { chat_template } = JSON.parse(readFileSync(join(directory, 'tokenizer_config.json'), 'utf8'))
  const card = { tags: [], languages: [] }
  const options = { precision, signal: new AbortController().signal }
  return llamaLanguageContent(source, { name: 'tiny', config, vocabulary, template: chat_template, card }, options)
}

/** The bytes of a whole file. */
export async function* ggufBytesOf(content: GgufContent): AsyncGenerator<Uint8Array> {
  yield ggufHeader(content)
  for (const tensor of content.tensors) yield* ggufTensorPieces(tensor)
}
