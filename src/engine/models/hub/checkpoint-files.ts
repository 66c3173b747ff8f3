import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { checkFields } from '../../formats/checked-json.ts'
import { ADAPTER_CONFIG, INDEX_FILE, SINGLE_FILE } from '../../formats/safetensors/safetensors.ts'

/** Selects the required files from the names in a repository. */
export type FileChoice = (names: readonly string[]) => readonly string[]

/** Files other than weights that an import reads: configuration, tokenizer, preprocessing, and the model card with the licence. */
const SMALL_FILES =
  /^((generation_|preprocessor_|processor_|video_preprocessor_|tokenizer_)?config\.json|tokenizer\.(json|model)|vocab\.json|merges\.txt|(added_tokens|special_tokens_map|chat_template)\.json|chat_template\.jinja|README\.md|LICENSE(\.(txt|md))?)$/

/** Whether the shard index must be read before the files can be chosen. */
export function needsIndex(names: readonly string[]): boolean {
  return !names.includes(SINGLE_FILE) && names.includes(INDEX_FILE)
}

/**
 * Lists the files of a checkpoint: the small ones, and its safetensors weights, either one file or the shards in the index. Other formats
 * of the same weights are skipped. Throws `model-unsupported` if there are no such weights, `hub-missing` for a missing shard.
 */
export function checkpointFiles(names: readonly string[], index: unknown, repository: string): string[] {
  const small = names.filter((name) => SMALL_FILES.test(name))
  if (names.includes(SINGLE_FILE)) return [...small, SINGLE_FILE]
  if (names.includes(INDEX_FILE)) {
    const shards = shardsOf(index, repository)
    const missing = shards.find((name) => !names.includes(name))
    if (missing === undefined) return [...small, INDEX_FILE, ...shards]
    throw new TarsierError(
      'hub-missing',
      `${repository} does not contain ${missing}, which is listed in its ${INDEX_FILE}. The repository is incomplete. Ask its owner, or choose another revision.`,
      {
        details: { repository, what: 'file', file: missing },
      },
    )
  }
  if (names.includes(ADAPTER_CONFIG)) {
    throw new TarsierError(
      'model-unsupported',
      `${repository} contains an adapter, not a checkpoint. Give the base checkpoint as the source and the folder of the adapter in addition.`,
      { details: { repository }, remedy: 'merge-adapter' },
    )
  }
  const others = [...new Set(names.flatMap((name) => /\.(gguf|bin|pt|pth|ckpt|onnx|h5|msgpack)$/.exec(name)?.[0] ?? []))]
  throw new TarsierError(
    'model-unsupported',
    `${repository} has no weights as safetensors${others.length > 0 ? `, only as ${others.join(', ')}` : ''}. Only repositories with ${SINGLE_FILE} or ${INDEX_FILE} are supported.`,
    { details: { repository, found: others } },
  )
}

const indexSchema = z.object({ weight_map: z.unknown() })
const MAX_SHARDS = 1000

function shardsOf(index: unknown, repository: string): string[] {
  const { weight_map } = checkFields(index, indexSchema, `${INDEX_FILE} of ${repository}`)
  // Not a zod record, which would drop a key named __proto__.
  const files = typeof weight_map === 'object' && weight_map !== null ? Object.values(weight_map) : []
  return [...new Set(checkFields(files, z.array(z.string()).min(1), `${INDEX_FILE} of ${repository}: weight_map`))].slice(0, MAX_SHARDS)
}
