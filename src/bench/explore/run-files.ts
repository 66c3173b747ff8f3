import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { TarsierError } from '../../shared/errors.ts'
import { findPredictions, UPSTREAM_FOLDER } from '../run/find-predictions.ts'

/** How far below a run's folder verdicts and reports may lie: `OUT/<data set>/eval_records/…`. */
const DEEPEST = 2
/** What is done with a run besides: copies for the Python program, and runs that were begun anew. */
const ASIDE = [UPSTREAM_FOLDER, 'old']

/** Verdicts, and why there are none. */
const VERDICTS = /_eval_(?:infos|failures)\.jsonl$/
const REPORTS = /_eval_result\.json$/

export interface RunFile {
  readonly path: string
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly modified: number
}

/** The files of a run, each list in the order of their paths. */
export interface RunFiles {
  readonly predictions: readonly RunFile[]
  readonly verdicts: readonly RunFile[]
  readonly reports: readonly RunFile[]
}

/** What a run's folder holds; no predictions where it is none. Throws `file-missing` and `file-unreadable`. */
export async function findRunFiles(directory: string): Promise<RunFiles> {
  const { files } = await findPredictions(directory).catch((error: unknown) => {
    if (error instanceof TarsierError && error.code === 'nothing-found') return { files: [] }
    throw error
  })
  if (files.length === 0) return { predictions: [], verdicts: [], reports: [] }
  const records: string[] = []
  await walk(directory, 0, records)
  const named = (pattern: RegExp) => factsOf(records.filter((path) => pattern.test(path)).sort())
  return { predictions: await factsOf(files), verdicts: await named(VERDICTS), reports: await named(REPORTS) }
}

/** Changes whenever one of the files does. */
export function stampOf({ predictions, verdicts, reports }: RunFiles): string {
  return [...predictions, ...verdicts, ...reports].map(({ path, bytes, modified }) => `${path} ${bytes} ${modified}`).join('\n')
}

/** When one of the files was changed last; 0 without any. */
export function lastChange({ predictions, verdicts, reports }: RunFiles): number {
  return Math.max(0, ...[...predictions, ...verdicts, ...reports].map(({ modified }) => modified))
}

/** Links and hidden entries are passed over. */
async function walk(directory: string, depth: number, paths: string[]): Promise<void> {
  let entries: Dirent[]
  try {
    entries = await readdir(directory, { withFileTypes: true })
  } catch {
    return // one folder that cannot be read does not hide the others
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(directory, entry.name)
    if (entry.isDirectory() && depth < DEEPEST && !ASIDE.includes(entry.name)) await walk(path, depth + 1, paths)
    else if (entry.isFile() && (VERDICTS.test(entry.name) || REPORTS.test(entry.name))) paths.push(path)
  }
}

async function factsOf(paths: readonly string[]): Promise<RunFile[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const facts = await stat(path).catch(() => null) // removed meanwhile
      return facts?.isFile() ? { path, bytes: facts.size, modified: facts.mtimeMs } : null
    }),
  )
  return found.flatMap((file) => (file ? [file] : []))
}

/** The data set that a file of verdicts is named after. */
export function verdictsName(path: string): string {
  return basename(path).replace(VERDICTS, '')
}
