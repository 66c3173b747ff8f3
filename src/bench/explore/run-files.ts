import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { TarsierError } from '../../shared/errors.ts'
import { findPredictions, UPSTREAM_FOLDER } from '../run/find-predictions.ts'

/** Maximum depth of verdicts and reports below a run's folder: `OUT/<data set>/eval_records/…`. */
const DEEPEST = 2
/** Folders to skip: copies for the Python program, and earlier runs that were restarted. */
const ASIDE = [UPSTREAM_FOLDER, 'old']

/** Files of verdicts and of judging failures. */
const VERDICTS = /_eval_(?:infos|failures)\.jsonl$/
const REPORTS = /_eval_result\.json$/

export interface RunFile {
  readonly path: string
  readonly bytes: number
  /** Modification time, in milliseconds since 1970. */
  readonly modified: number
}

/** The files of a run; each list is sorted by path. */
export interface RunFiles {
  readonly predictions: readonly RunFile[]
  readonly verdicts: readonly RunFile[]
  readonly reports: readonly RunFile[]
}

/** Lists the files of a run's folder; without predictions if it is not a run. Throws `file-missing` and `file-unreadable`. */
export async function findRunFiles(directory: string): Promise<RunFiles> {
  const { files } = await findPredictions(directory).catch((error: unknown) => {
    if (error instanceof TarsierError && error.code === 'nothing-found') return { files: [] }
    throw error
  })
  if (files.length === 0) return { predictions: [], verdicts: [], reports: [] }
  const records: string[] = []
  await walk(directory, 0, records)
  const named = (pattern: RegExp) => statsOf(records.filter((path) => pattern.test(path)).sort())
  return { predictions: await statsOf(files), verdicts: await named(VERDICTS), reports: await named(REPORTS) }
}

/** Returns a string that changes whenever one of the files changes. */
export function stampOf({ predictions, verdicts, reports }: RunFiles): string {
  return [...predictions, ...verdicts, ...reports].map(({ path, bytes, modified }) => `${path} ${bytes} ${modified}`).join('\n')
}

/** Returns the latest modification time of the files; 0 without any. */
export function lastChange({ predictions, verdicts, reports }: RunFiles): number {
  return Math.max(0, ...[...predictions, ...verdicts, ...reports].map(({ modified }) => modified))
}

/** Skips links and hidden entries. */
async function walk(directory: string, depth: number, paths: string[]): Promise<void> {
  let entries: Dirent[]
  try {
    entries = await readdir(directory, { withFileTypes: true })
  } catch {
    return // an unreadable folder does not hide the others
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(directory, entry.name)
    if (entry.isDirectory() && depth < DEEPEST && !ASIDE.includes(entry.name)) await walk(path, depth + 1, paths)
    else if (entry.isFile() && (VERDICTS.test(entry.name) || REPORTS.test(entry.name))) paths.push(path)
  }
}

async function statsOf(paths: readonly string[]): Promise<RunFile[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(path).catch(() => null) // removed in the meantime
      return stats?.isFile() ? { path, bytes: stats.size, modified: stats.mtimeMs } : null
    }),
  )
  return found.flatMap((file) => (file ? [file] : []))
}

/** Returns the data set name in the name of a verdict file. */
export function verdictsName(path: string): string {
  return basename(path).replace(VERDICTS, '')
}
