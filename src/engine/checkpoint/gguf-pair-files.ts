import { TarsierError } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { GgufFile } from '../formats/gguf/gguf-file.ts'
import type { LanguageShape } from '../language/gguf-hyperparameters.ts'
import { VOCABULARY_TEXTS } from '../language/gguf-vocabulary.ts'
import type { MmprojSettings } from './mmproj-settings.ts'
import type { Vocabulary } from './vocabulary.ts'

const TYPES = 'tokenizer.ggml.token_type'
/** Arrays to read from a language model's metadata. */
export const PAIR_TEXTS: ReadonlySet<string> = new Set([...VOCABULARY_TEXTS, TYPES])

/** A language model's GGUF file and its mmproj file, opened and with validated headers. */
export interface GgufPairFiles {
  readonly language: GgufFile
  readonly shape: LanguageShape
  readonly mmproj: GgufFile
  readonly settings: MmprojSettings
  /** Metadata of the model from the language model's file. */
  readonly found: { readonly licence: string | undefined; readonly source: ModelManifest['source'] }
}

/**
 * The error `model-mismatch` of a pair whose files do not belong together.
 * @param path of the mmproj file
 * @param rows number of values in a row of the vision tower
 * @param width number of values that the language model requires
 */
export function pairMismatch(path: string, rows: number, width: number): TarsierError {
  return new TarsierError(
    'model-mismatch',
    `The vision tower in ${path} produces rows of ${rows} values, but the language model requires ${width}. The two files do not match.`,
    { details: { vision: rows, language: width } },
  )
}

/** Returns a language model's vocabulary. The header check has ensured that its arrays exist and have the same length. */
export function vocabularyOf({ head: { values } }: GgufFile): Pick<Vocabulary, 'tokens' | 'types' | 'specialIds'> {
  const array = (key: string) => {
    const value = values.get(key)
    return typeof value === 'object' ? value : undefined
  }
  const [tokens = []] = [...VOCABULARY_TEXTS].map((key) => array(key)?.texts)
  const end = values.get('tokenizer.ggml.eos_token_id')
  return { tokens, types: array(TYPES)?.numbers ?? [], specialIds: new Map(typeof end === 'number' ? [['eos', end] as const] : []) }
}

/** Returns a string from the metadata; undefined if it is missing or empty. */
export function textOf({ head: { values } }: GgufFile, key: string): string | undefined {
  const value = values.get(key)
  return typeof value === 'string' && value !== '' ? value : undefined
}
