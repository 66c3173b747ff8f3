import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { readJsonFile } from '../formats/checked-json.ts'

export const CONFIG_FILE = 'config.json'
/** Links of a snapshot in the Hugging Face cache lead to its blobs. */
const contain = { huggingFaceCache: true }

const rootSchema = z.looseObject({ text_config: z.looseObject({}).nullish(), tie_word_embeddings: z.boolean().nullish() })

/** config.json as it is. Throws `model-damaged` when there is none. */
export async function readConfigFile(directory: string): Promise<unknown> {
  const value = await readJsonFile(directory, CONFIG_FILE, contain)
  if (value !== null) return value
  throw new TarsierError('model-damaged', `${directory} has no ${CONFIG_FILE}: it is no checkpoint, or not all of one.`)
}

/** The parts of config.json that every wrapper has. */
interface Root {
  readonly [field: string]: unknown
  readonly text_config?: Readonly<Record<string, unknown>> | null | undefined
  readonly tie_word_embeddings?: boolean | null | undefined
}

/** The top's word counts, for transformers ties by it; newer files may have it in text_config alone. */
export function tiedOf(root: Root): boolean | undefined {
  const nested = root.text_config?.tie_word_embeddings
  return root.tie_word_embeddings ?? (typeof nested === 'boolean' ? nested : undefined)
}

/** Whether config.json says that the output layer is the embedding table. */
export function tiesEmbeddings(config: unknown): boolean {
  const root = rootSchema.safeParse(config)
  return root.success && tiedOf(root.data) === true
}

export const SPECIAL_KINDS = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const

/** Ids of the special tokens that config.json names, by kind (`bos`, `eos`, …); of a nested language model those of `text_config`. */
export function tokenIdsOf(root: Root): Map<string, number> {
  const ids = new Map<string, number>()
  for (const kind of SPECIAL_KINDS) {
    const id = root[`${kind}_token_id`] ?? root.text_config?.[`${kind}_token_id`]
    if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) ids.set(kind, id)
  }
  return ids
}
