import { type LanguageMetadata, languageMetadata } from '../../checkpoint/language-metadata.ts'
import { type LanguageOptions, languageTensors } from '../../checkpoint/language-tensors.ts'
import type { GgufContent } from '../../formats/gguf/gguf-writer.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import type { Qwen2VlLanguageConfig } from './config.ts'

/** llama.cpp's name of this architecture. */
const ARCHITECTURE = 'qwen2vl'

export interface LanguageParts extends Omit<LanguageMetadata, 'architecture' | 'settings'> {
  readonly config: Qwen2VlLanguageConfig
}

/**
 * GGUF content for the language model of a Qwen2-VL checkpoint, as llama.cpp's converter writes it. Checks the presence and shape of every
 * tensor before anything is written. Throws `model-damaged` and `model-unsupported`.
 */
export function languageContent(source: TensorSource, parts: LanguageParts, options: LanguageOptions): GgufContent {
  const { config } = parts
  const shape = { ...config, headSize: config.width / config.heads, biases: true, interleaved: false }
  const tensors = languageTensors(source, shape, options)
  const settings = { ...config, more: { 'rope.dimension_sections': { type: 'i32[]' as const, value: [...config.ropeSections, 0] } } }
  return { metadata: languageMetadata({ ...parts, architecture: ARCHITECTURE, settings }, tensors, options.precision), tensors }
}
