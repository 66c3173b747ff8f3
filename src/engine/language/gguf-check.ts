import { TarsierError } from '../../shared/errors.ts'
import { GgufFile, ggufFailure } from '../formats/gguf/gguf-file.ts'
import type { GgufHead } from '../formats/gguf/gguf-head.ts'
import { GgufError } from '../formats/gguf/gguf-reader.ts'
import { ggufNotWeights, ggufTensorTypes } from '../formats/gguf/gguf-types.ts'
import { checkHyperparameters, type LanguageShape, languageArchitectures } from './gguf-hyperparameters.ts'
import { checkVocabulary, VOCABULARY_TEXTS } from './gguf-vocabulary.ts'

/** What is known of a model file before llama.cpp opens it. */
export interface GgufFacts extends LanguageShape {
  /** Whether all its weights are in 32 bits. */
  readonly exact: boolean
  /** Tells the file from others: its head, its size, and samples of its weights. */
  readonly fingerprint: string
}

/**
 * Checks a GGUF before llama.cpp gets to see it, which asserts, and so ends the process, over some bad files: its head, and
 * that it is a language model whose settings and vocabulary hold together.
 * Throws `file-missing`, `file-unreadable`, `model-damaged` or `model-unsupported`.
 */
export async function checkGguf(path: string): Promise<GgufFacts> {
  await using gguf = await GgufFile.open(path, VOCABULARY_TEXTS)
  const shape = checkLanguageHead(path, gguf.head)
  const exact = [...gguf.head.tensors.values()].every(({ type }) => type === ggufTensorTypes.f32)
  return { ...shape, exact, fingerprint: await gguf.fingerprint() }
}

/** The same for a head that was read with the vocabulary's texts ({@link VOCABULARY_TEXTS}). */
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
    // ggml adds and multiplies by vectors in 32 bits only.
    if (shape.length === 1 && type !== ggufTensorTypes.f32) throw new GgufError(`the tensor ${name} is a vector that is not in 32 bits`)
  }
  const tokens = checkVocabulary(path, values)
  return checkHyperparameters(values, architecture, tokens)
}
