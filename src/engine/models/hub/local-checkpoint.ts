import { readdir } from 'node:fs/promises'
import { isMissing, readFailure } from '../../../platform/file-failure.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { readJsonFile } from '../../formats/checked-json.ts'
import { INDEX_FILE } from '../../formats/safetensors/safetensors.ts'
import { checkpointFiles, needsIndex } from './checkpoint-files.ts'
import { cachedCommit, checkSnapshot, snapshotFolder } from './hub-cache.ts'

/** Chooses files; null leaves it to the form of a checkpoint in safetensors. */
type LocalChoice = (names: readonly string[]) => readonly string[] | null

export interface LocalCheckpoint {
  readonly directory: string
  readonly commit: string
}

/**
 * The snapshot of a repository that is all there in one of the caches (`roots`, in the Python hub's layout), with its contents checked
 * where their hashes are known; null when there is none. No request is made. Throws `download-damaged` for a cache gone bad.
 */
export async function localCheckpoint(
  roots: readonly string[],
  repository: string,
  revision: string,
  choose: LocalChoice | undefined,
  signal: AbortSignal,
): Promise<LocalCheckpoint | null> {
  for (const root of roots) {
    const commit = await cachedCommit(root, repository, revision)
    if (commit === null) continue
    const directory = snapshotFolder(root, repository, commit)
    const names = await namesIn(directory)
    const wanted = await wantedOf(directory, names, repository, choose)
    if (wanted === null) continue
    await checkSnapshot(directory, wanted, signal)
    return { directory, commit }
  }
  return null
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw readFailure(directory, error)
  }
}

/** Null when not all of it is there. */
async function wantedOf(
  directory: string,
  names: readonly string[],
  repository: string,
  choose?: LocalChoice,
): Promise<readonly string[] | null> {
  if (names.length === 0) return null
  try {
    const chosen = choose?.(names) ?? null
    if (chosen !== null) return chosen
    return checkpointFiles(
      names,
      needsIndex(names) ? await readJsonFile(directory, INDEX_FILE, { huggingFaceCache: true }) : null,
      repository,
    )
  } catch (error) {
    if (error instanceof TarsierError && (error.code === 'hub-missing' || error.code === 'model-unsupported')) return null
    throw error
  }
}
