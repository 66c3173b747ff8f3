import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { findRunFiles, lastChange, type RunFiles, stampOf } from '../bench/explore/run-files.ts'
import { indexRun, type RunIndex } from '../bench/explore/run-index.ts'
import { searchRun } from '../bench/explore/search.ts'
import { newId } from '../library/ids.ts'
import { writeJson } from '../platform/json-file.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import type { Log } from './log.ts'

/** Number of run indexes in memory, without texts; the least recently used is dropped. */
const MAX_INDEXED = 4
/** Minimum time before a run that is still being written is indexed again, in milliseconds. */
const FRESH_MS = 3000

export interface BenchRunFolder {
  readonly id: string
  readonly directory: string
  readonly opened: boolean
  readonly files: RunFiles
}

/** A run with its index. */
export interface OpenRun extends BenchRunFolder {
  readonly index: RunIndex
}

interface CachedRun {
  readonly stamp: string
  readonly read: number
  readonly run: Promise<OpenRun>
  search: { readonly text: string; readonly keys: Promise<Set<string>> } | null
}

/** Benchmark runs: those in `benchmarks` of the home folder, and folders that the user opened, which are listed in `opened.json` there. */
export class BenchRuns {
  /** Folder of the app's own runs. */
  readonly folder: string
  readonly #log: Log
  readonly #ids = new Map<string, string>()
  readonly #cached = new Map<string, CachedRun>()
  #opened: string[]

  constructor(home: string, log: Log) {
    this.folder = join(home, 'benchmarks')
    this.#log = log
    this.#opened = this.#remembered()
  }

  /** Lists all runs, most recently changed first. Folders that cannot be read or have no predictions are omitted. */
  async list(): Promise<BenchRunFolder[]> {
    const own = existsSync(this.folder) ? await readdir(this.folder, { withFileTypes: true }) : []
    const directories = [...own.filter((entry) => entry.isDirectory()).map(({ name }) => join(this.folder, name)), ...this.#opened]
    const found = await Promise.all([...new Set(directories)].map((directory) => this.#look(directory)))
    return found.flatMap((run) => (run ? [run] : [])).sort((a, b) => lastChange(b.files) - lastChange(a.files))
  }

  /** Adds a folder that the user chose. Throws `nothing-found` if it contains no predictions. */
  async open(directory: string): Promise<BenchRunFolder> {
    const path = resolve(directory)
    const run = await this.#look(path)
    if (!run)
      throw new TarsierError(
        'nothing-found',
        `${path} contains no predictions. Choose the output folder of a run, or a folder that contains predictions.jsonl.`,
      )
    if (!this.#opened.includes(path)) await this.#remember([...this.#opened, path])
    return { ...run, opened: true }
  }

  async close(id: string): Promise<void> {
    await this.#remember(this.#opened.filter((path) => this.#ids.get(path) !== id))
  }

  /** Returns a run with its index. Throws `nothing-found` if the run no longer exists. */
  async get(id: string): Promise<OpenRun> {
    const directory = [...this.#ids].find(([, known]) => known === id)?.[0]
    const cached = this.#cached.get(id)
    if (cached && Date.now() - cached.read < FRESH_MS) return cached.run
    const run = directory === undefined ? null : await this.#look(directory)
    if (!run) throw new TarsierError('nothing-found', 'This run no longer exists. Reload the list of runs.')
    const stamp = stampOf(run.files)
    this.#cached.delete(id)
    const fresh: CachedRun =
      cached?.stamp === stamp ? { ...cached, read: Date.now() } : { stamp, read: Date.now(), run: goThrough(run), search: null }
    this.#cached.set(id, fresh)
    // Forget a failed index, so that the next call retries.
    fresh.run.catch(() => this.#cached.delete(id))
    for (const other of [...this.#cached.keys()].slice(0, -MAX_INDEXED)) this.#cached.delete(other)
    return fresh.run
  }

  /** Returns the keys of samples that contain a text. The last search of each run is cached for its further pages. */
  async search(id: string, text: string): Promise<ReadonlySet<string>> {
    const { files } = await this.get(id)
    const cached = this.#cached.get(id)
    if (cached?.search?.text === text) return cached.search.keys
    const keys = searchRun(files, text, new AbortController().signal)
    if (cached) {
      cached.search = { text, keys }
      keys.catch(() => {
        cached.search = null
      })
    }
    return keys
  }

  async #look(directory: string): Promise<BenchRunFolder | null> {
    try {
      const files = await findRunFiles(directory)
      if (files.predictions.length === 0) return null
      const id = this.#ids.get(directory) ?? newId()
      this.#ids.set(directory, id)
      this.#expire(id, files)
      return { id, directory, opened: this.#opened.includes(directory), files }
    } catch (error) {
      if (isAbort(error)) throw error
      return null // for example, a disk that is not connected
    }
  }

  /** Expires the cached index if the run's files have changed. */
  #expire(id: string, files: RunFiles): void {
    const cached = this.#cached.get(id)
    if (cached && cached.stamp !== stampOf(files)) this.#cached.set(id, { ...cached, read: 0 })
  }

  get #memory(): string {
    return join(this.folder, 'opened.json')
  }

  #remembered(): string[] {
    try {
      return z.array(z.string()).parse(JSON.parse(readFileSync(this.#memory, 'utf8')))
    } catch {
      return [] // does not exist yet
    }
  }

  async #remember(paths: string[]): Promise<void> {
    this.#opened = paths
    try {
      await writeJson(this.#memory, paths)
    } catch {
      // The list stays in memory; a failed save must not prevent showing a run.
      this.#log.error('bench', 'the list of opened benchmark folders could not be saved')
    }
  }
}

/** Returns the name of a run's folder. */
export function runName({ directory }: BenchRunFolder): string {
  return basename(directory)
}

/** Indexes a run. The first caller's abort does not cancel it, because other callers share the result. */
async function goThrough(run: BenchRunFolder): Promise<OpenRun> {
  return { ...run, index: await indexRun(run.files, new AbortController().signal) }
}
