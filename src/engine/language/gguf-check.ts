import { TarsierError } from '../../shared/errors.ts'
import { GgufFile, ggufFailure } from '../formats/gguf/gguf-file.ts'
import type { GgufHead } from '../formats/gguf/gguf-head.ts'
import { GgufError } from '../formats/gguf/gguf-reader.ts'
import { ggufNotWeights, ggufTensorTypes } from '../formats/gguf/gguf-types.ts'
import { checkHyperparameters, type LanguageShape, languageArchitectures } from './gguf-hyperparameters.ts'
import { checkVocabulary, VOCABULARY_TEXTS } from './gguf-vocabulary.ts'

/** Metadata of a model file, read before llama.cpp opens it. */
export interface GgufMetadata extends LanguageShape {
  /** Whether all weights are in 32 bits. */
  readonly exact: boolean
  /** Hash of the header, the file size and samples of the weights, to distinguish files. */
  readonly fingerprint: string
}

/**
 * Validates a GGUF before llama.cpp opens it, because llama.cpp fails an assertion on some invalid files, which ends the process. Checks
 * the header, and that the file is a language model with consistent settings and vocabulary.
 * Throws `file-missing`, `file-unreadable`, `model-damaged` or `model-unsupported`.
 */
export async function checkGguf(path: string): Promise<GgufMetadata> {
  await using gguf = await GgufFile.open(path, VOCABULARY_TEXTS)
  const shape = checkLanguageHead(path, gguf.head)
  const exact = [...gguf.head.tensors.values()].every(({ type }) => type === ggufTensorTypes.f32)
  return { ...shape, exact, fingerprint: await gguf.fingerprint() }
}

/** Like {@link checkGguf} for a header that was read with the vocabulary's texts ({@link VOCABULARY_TEXTS}). */
export function checkLanguageHead(path: string, head: GgufHead): LanguageShape {
  try {
    return checkLanguage(path, head)
  } catch (error) {
    throw ggufFailure(path, error)
  }
}

function checkLanguage(path: string, { values, tensors }: GgufHead): LanguageShape {
  const refuse = (what: string) => new TarsierError('model-unsupported', `${path} ${what}.`)
  const architecture = values.get('general.architecture')
  if (typeof architecture !== 'string') throw new GgufError('it does not say what it is (general.architecture)')
  if (architecture === 'clip' || architecture === 'mmproj')
    throw refuse("holds a vision tower, not a language model. Name the language model's GGUF")
  if (!languageArchitectures.includes(architecture)) {
    throw refuse(`is a model of the kind "${architecture}"; ${languageArchitectures.join(', ')} are accepted. Use another model`)
  }
  if (tensors.size === 0) throw refuse('holds a vocabulary without a model. Use a GGUF with weights')
  if (Number(values.get('split.count') ?? 0) > 1) {
    throw refuse('is one piece of a model that was split. Join the pieces first (llama-gguf-split --merge)')
  }
  for (const [name, { type, shape }] of tensors) {
    if (ggufNotWeights.has(type)) throw new GgufError(`the tensor ${name} is stored in a type that no weight has`)
    // ggml supports addition and multiplication of vectors in 32 bits only.
    if (shape.length === 1 && type !== ggufTensorTypes.f32) throw new GgufError(`the tensor ${name} is a vector that is not in 32 bits`)
  }
  const tokens = checkVocabulary(path, values)
  return checkHyperparameters(values, architecture, tokens)
}
