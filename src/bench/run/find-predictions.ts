import { type Dirent, existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readFailure } from '../../platform/file-failure.ts'
import { TarsierError } from '../../shared/errors.ts'
import { PREDICTIONS_FILE } from './prediction-file.ts'

/**
 * Folder to which a run writes a second copy of its predictions, for the Python program's evaluation, which reads every `.jsonl` of its input
 * folder.
 */
export const UPSTREAM_FOLDER = 'upstream'

/** Prediction files found at a path. */
export interface FoundPredictions {
  /** Sorted by name. */
  readonly files: readonly string[]
  /** Names of other `.jsonl` files in the same folders, which are ignored. */
  readonly passedOver: readonly string[]
}

/**
 * Finds the prediction files at a path: a file, the output of `bench run --out` (a folder for each data set), one data set's folder, or a folder of
 * the Python program's. If neither the folder nor its subfolders contain `predictions*.jsonl`, every `.jsonl` in the folder is used, since the
 * Python program's output may have any name. Throws `file-missing`, `file-unreadable`, `nothing-found`.
 */
export async function findPredictions(path: string): Promise<FoundPredictions> {
  let entries: Dirent[]
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], passedOver: [] }
    entries = await readdir(path, { withFileTypes: true })
  } catch (error) {
    throw readFailure(path, error)
  }
  const names = entries.map(({ name }) => name).sort()
  const lines = names.filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'))
  const own = lines.filter((name) => name.startsWith('predictions'))
  const below = names
    .filter((name) => name !== UPSTREAM_FOLDER)
    .map((name) => join(name, PREDICTIONS_FILE))
    .filter((name) => existsSync(join(path, name)))
  const usual = [...own, ...below]
  const found = usual.length > 0 ? usual : lines
  if (found.length > 0) {
    return { files: found.map((name) => join(path, name)), passedOver: lines.filter((name) => !found.includes(name)) }
  }
  throw new TarsierError(
    'nothing-found',
    `${path} contains no predictions. Give a .jsonl file of predictions, or the output folder of "tarsier bench run".`,
  )
}
