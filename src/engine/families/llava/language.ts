import { TarsierError } from '../../../shared/errors.ts'
import type { LanguageConfig } from '../../checkpoint/language-config.ts'
import { type LanguageFacts, languageMetadata } from '../../checkpoint/language-metadata.ts'
import { type LanguageOptions, languageTensors } from '../../checkpoint/language-tensors.ts'
import type { GgufContent, GgufValue } from '../../formats/gguf/gguf-writer.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'

/** What makes a language model of llama's kind (Vicuna, Yi), or one of Qwen2's with positions of one dimension. */
export interface LlamaLanguageConfig extends LanguageConfig {
  /** llama.cpp's name of the architecture; `qwen2` has biases at its queries, keys and values, and does not permute their rows. */
  readonly architecture: 'llama' | 'qwen2'
  /** Undefined where config.json says nothing, which means 10000. */
  readonly ropeTheta: number | undefined
  /** How far linear scaling stretches positions; undefined for none. Other kinds of scaling are to be refused. */
  readonly ropeLinearFactor: number | undefined
}

export interface LlamaLanguageParts extends Omit<LanguageFacts, 'architecture' | 'settings'> {
  readonly config: LlamaLanguageConfig
}

/** What a silent config.json means. */
const ROPE_THETA = 10000

/**
 * The language model of a LLaVA-style checkpoint (Tarsier-1), or of one that holds nothing else, as llama.cpp's own converter writes it.
 * Every tensor's presence and shape is checked here, before anything is written. Throws `model-damaged` and `model-unsupported`.
 */
export function llamaLanguageContent(source: TensorSource, parts: LlamaLanguageParts, options: LanguageOptions): GgufContent {
  const { config } = parts
  const headSize = headSizeOf(config)
  const llama = config.architecture === 'llama'
  const tensors = languageTensors(source, { ...config, headSize, biases: !llama, interleaved: llama }, options)
  const settings = {
    ...config,
    ropeTheta: config.ropeTheta ?? ROPE_THETA,
    more: { ...scalingOf(config), ...(llama && headsOf(config, headSize)) },
  }
  return { metadata: languageMetadata({ ...parts, architecture: config.architecture, settings }, tensors, options.precision), tensors }
}

/** Throws `model-damaged` where heads do not come out even. */
function headSizeOf({ width, heads, headSize = width / heads }: LlamaLanguageConfig): number {
  if (headSize % 2 === 0) return headSize
  throw new TarsierError(
    'model-damaged',
    `config.json makes heads of ${headSize} values, which cannot be turned in pairs. Fetch the file again.`,
  )
}

function scalingOf({ ropeLinearFactor }: LlamaLanguageConfig): Record<string, GgufValue> {
  if (ropeLinearFactor === undefined) return {}
  return { 'rope.scaling.type': { type: 'string', value: 'linear' }, 'rope.scaling.factor': { type: 'f32', value: ropeLinearFactor } }
}

function headsOf({ vocabulary }: LlamaLanguageConfig, headSize: number): Record<string, GgufValue> {
  return {
    'attention.key_length': { type: 'u32', value: headSize },
    'attention.value_length': { type: 'u32', value: headSize },
    vocab_size: { type: 'u32', value: vocabulary },
    'rope.dimension_count': { type: 'u32', value: headSize },
  }
}
