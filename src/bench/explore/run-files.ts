import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '../../engine/media/local-file.ts'

/** How far below a run's folder its files may lie: `OUT/<data set>/eval_records/…`. */
const DEEPEST = 2
/** A folder with more in it than this is no run. */
const MOST_ENTRIES = 5000

const PREDICTIONS = /^predictions.*\.jsonl$/
const VERDICTS = /_eval_infos\.jsonl$/
const REPORTS = /\.json$/

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

/** What a run's folder holds. Links and hidden entries are passed over. Throws `file-missing` and `file-unreadable`. */
export async function findRunFiles(directory: string): Promise<RunFiles> {
  const paths: string[] = []
  await walk(directory, 0, paths)
  const found = await Promise.all(paths.sort().map(factsOf))
  const named = (pattern: RegExp) => found.flatMap((file) => (file && pattern.test(nameOf(file.path)) ? [file] : []))
  return { predictions: named(PREDICTIONS), verdicts: named(VERDICTS), reports: named(REPORTS) }
}

/** Changes whenever one of the files does. */
export function stampOf({ predictions, verdicts, reports }: RunFiles): string {
  return [...predictions, ...verdicts, ...reports].map(({ path, bytes, modified }) => `${path} ${bytes} ${modified}`).join('\n')
}

/** When one of the files was changed last; 0 without any. */
export function lastChange({ predictions, verdicts, reports }: RunFiles): number {
  return Math.max(0, ...[...predictions, ...verdicts, ...reports].map(({ modified }) => modified))
}

async function walk(directory: string, depth: number, paths: string[]): Promise<void> {
  let entries: Dirent[]
  try {
    entries = await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (depth === 0) throw fileError(directory, error as NodeJS.ErrnoException)
    return // one folder that cannot be read does not hide the others
  }
  if (entries.length > MOST_ENTRIES) return
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(directory, entry.name)
    // `old` is where a run is moved that was begun anew.
    if (entry.isDirectory() && depth < DEEPEST && entry.name !== 'old') await walk(path, depth + 1, paths)
    else if (entry.isFile() && [PREDICTIONS, VERDICTS, REPORTS].some((pattern) => pattern.test(entry.name))) paths.push(path)
  }
}

async function factsOf(path: string): Promise<RunFile | null> {
  const facts = await stat(path).catch(() => null) // removed meanwhile
  return facts && { path, bytes: facts.size, modified: facts.mtimeMs }
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}
