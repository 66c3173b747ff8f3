import { readdir } from 'node:fs/promises'
import { isMissing, readFailure } from '../../../platform/file-failure.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { readJsonFile } from '../../formats/checked-json.ts'
import { INDEX_FILE } from '../../formats/safetensors/safetensors.ts'
import { checkpointFiles, needsIndex } from './checkpoint-files.ts'
import { cachedCommit, checkSnapshot, snapshotFolder } from './hub-cache.ts'

/** Selects files; null selects the files of a safetensors checkpoint. */
type LocalChoice = (names: readonly string[]) => readonly string[] | null

export interface LocalCheckpoint {
  readonly directory: string
  readonly commit: string
}

/**
 * Finds a complete snapshot of a repository in a cache (`root`, in the layout of the Python hub library) and checks its contents if their
 * hashes are known. Returns null if there is none. Sends no requests. Throws `download-damaged` for changed files in the cache.
 */
export async function localCheckpoint(
  root: string,
  repository: string,
  revision: string,
  choose: LocalChoice | undefined,
  signal: AbortSignal,
): Promise<LocalCheckpoint | null> {
  const commit = await cachedCommit(root, repository, revision)
  if (commit === null) return null
  const directory = snapshotFolder(root, repository, commit)
  const names = await namesIn(directory)
  const wanted = await wantedOf(directory, names, repository, choose)
  if (wanted === null) return null
  await checkSnapshot(directory, wanted, signal)
  return { directory, commit }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw readFailure(directory, error)
  }
}

/** Returns null if files are missing. */
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
