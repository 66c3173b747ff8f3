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
  if (typeof architecture !== 'string') throw new GgufError('it does not define general.architecture')
  if (architecture === 'clip' || architecture === 'mmproj')
    throw refuse('contains a vision tower, not a language model. Give the GGUF file of the language model')
  if (!languageArchitectures.includes(architecture)) {
    throw refuse(`has the architecture "${architecture}"; only ${languageArchitectures.join(', ')} are supported. Use another model`)
  }
  if (tensors.size === 0) throw refuse('contains a vocabulary but no weights. Use a GGUF file with weights')
  if (Number(values.get('split.count') ?? 0) > 1) {
    throw refuse('is one part of a split model. Merge the parts first (llama-gguf-split --merge)')
  }
  for (const [name, { type, shape }] of tensors) {
    if (ggufNotWeights.has(type)) throw new GgufError(`the tensor ${name} has a type that is not valid for weights`)
    // ggml supports addition and multiplication of vectors in 32 bits only.
    if (shape.length === 1 && type !== ggufTensorTypes.f32) throw new GgufError(`the tensor ${name} is a vector that is not stored as f32`)
  }
  const tokens = checkVocabulary(path, values)
  return checkHyperparameters(values, architecture, tokens)
}
