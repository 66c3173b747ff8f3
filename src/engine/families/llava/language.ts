import { TarsierError } from '../../../shared/errors.ts'
import type { LanguageConfig } from '../../checkpoint/language-config.ts'
import { type LanguageMetadata, languageMetadata } from '../../checkpoint/language-metadata.ts'
import { type LanguageOptions, languageTensors } from '../../checkpoint/language-tensors.ts'
import type { GgufContent, GgufValue } from '../../formats/gguf/gguf-writer.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'

/** Config of a llama language model (Vicuna, Yi), or of a Qwen2 one with one-dimensional positions. */
export interface LlamaLanguageConfig extends LanguageConfig {
  /** llama.cpp's name of the architecture. `qwen2` has biases for queries, keys and values, and does not permute their rows. */
  readonly architecture: 'llama' | 'qwen2'
  /** Undefined if config.json does not set it; the default is 10000. */
  readonly ropeTheta: number | undefined
  /** Factor of linear position scaling; undefined if there is none. Other kinds of scaling must be rejected. */
  readonly ropeLinearFactor: number | undefined
}

export interface LlamaLanguageParts extends Omit<LanguageMetadata, 'architecture' | 'settings'> {
  readonly config: LlamaLanguageConfig
}

/** Default if config.json does not set it. */
const ROPE_THETA = 10000

/**
 * GGUF content for the language model of a LLaVA-style checkpoint (Tarsier-1), or of a checkpoint with only a language model, as
 * llama.cpp's converter writes it. Checks the presence and shape of every tensor before anything is written. Throws `model-damaged` and
 * `model-unsupported`.
 */
export function llamaLanguageContent(source: TensorSource, parts: LlamaLanguageParts, options: LanguageOptions): GgufContent {
  const { config } = parts
  const headSize = headSizeOf(config)
  const llama = config.architecture === 'llama'
  const tensors = languageTensors(source, { ...config, headSize, biases: !llama, headNorms: false, interleaved: llama }, options)
  const settings = {
    ...config,
    ropeTheta: config.ropeTheta ?? ROPE_THETA,
    more: { ...scalingOf(config), ...(llama && headsOf(config, headSize)) },
  }
  return { metadata: languageMetadata({ ...parts, architecture: config.architecture, settings }, tensors, options.precision), tensors }
}

/** Throws `model-damaged` if the head size is not an even number. */
function headSizeOf({ width, heads, headSize = width / heads }: LlamaLanguageConfig): number {
  if (headSize % 2 === 0) return headSize
  throw new TarsierError(
    'model-damaged',
    `The head size in config.json is ${headSize}, but rotary positions need an even number. Download the file again.`,
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
