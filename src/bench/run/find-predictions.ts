import { type Dirent, existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '../../engine/media/local-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import { PREDICTIONS_FILE } from './prediction-file.ts'

/**
 * The files of predictions that a path means: a file itself, what `bench run --out` wrote (a folder for each data set), one data set's folder, or
 * any folder of `predictions*.jsonl` such as the Python program's. Sorted by name. Throws `file-missing`, `file-unreadable`, `nothing-found`.
 */
export async function findPredictions(path: string): Promise<string[]> {
  let entries: Dirent[]
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    entries = await readdir(path, { withFileTypes: true })
  } catch (error) {
    throw fileError(path, error as NodeJS.ErrnoException)
  }
  const names = entries.map(({ name }) => name).sort()
  const own = names.filter((name) => /^predictions.*\.jsonl$/.test(name))
  const below = names.map((name) => join(name, PREDICTIONS_FILE)).filter((name) => existsSync(join(path, name)))
  const found = [...own, ...below].map((name) => join(path, name))
  if (found.length > 0) return found
  throw new TarsierError(
    'nothing-found',
    `There are no predictions in ${path}. Give a predictions.jsonl, or a folder that "tarsier bench run" wrote to.`,
  )
}
