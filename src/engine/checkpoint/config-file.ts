import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { readJsonFile } from '../formats/checked-json.ts'

export const CONFIG_FILE = 'config.json'
/** Allows symbolic links from a snapshot to the blobs of the Hugging Face cache. */
const contain = { huggingFaceCache: true }

const rootSchema = z.looseObject({ text_config: z.looseObject({}).nullish(), tie_word_embeddings: z.boolean().nullish() })

/** Reads config.json without validation. Throws `model-damaged` if it is missing. */
export async function readConfigFile(directory: string): Promise<unknown> {
  const value = await readJsonFile(directory, CONFIG_FILE, contain)
  if (value !== null) return value
  throw new TarsierError(
    'model-damaged',
    `${directory} contains no ${CONFIG_FILE}. It is not a checkpoint, or the checkpoint is incomplete.`,
  )
}

/** Fields of config.json that all model wrappers have. */
export interface CheckpointRoot {
  readonly [field: string]: unknown
  readonly text_config?: Readonly<Record<string, unknown>> | null | undefined
  readonly tie_word_embeddings?: boolean | null | undefined
}

/** The top-level `tie_word_embeddings` takes precedence, as in transformers; newer files may have it in text_config only. */
export function tiedOf(root: CheckpointRoot): boolean | undefined {
  const nested = root.text_config?.tie_word_embeddings
  return root.tie_word_embeddings ?? (typeof nested === 'boolean' ? nested : undefined)
}

/** Whether config.json declares tied embeddings: the output layer is the embedding table. */
export function tiesEmbeddings(config: unknown): boolean {
  const root = rootSchema.safeParse(config)
  return root.success && tiedOf(root.data) === true
}

export const SPECIAL_KINDS = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const

/** Ids of the special tokens in config.json, by kind (`bos`, `eos`, …); falls back to `text_config` for a nested language model. */
export function tokenIdsOf(root: CheckpointRoot): Map<string, number> {
  const ids = new Map<string, number>()
  for (const kind of SPECIAL_KINDS) {
    const id = root[`${kind}_token_id`] ?? root.text_config?.[`${kind}_token_id`]
    if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) ids.set(kind, id)
  }
  return ids
}
