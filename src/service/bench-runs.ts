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

/** Runs whose samples are held in memory without their words; the one that was silent longest goes. */
const MOST_INDEXED = 4
/** A run that is still written to is gone through again after so long at the earliest. */
const FRESH_MS = 3000

/** A folder of predictions. */
export interface BenchRunFolder {
  readonly id: string
  readonly directory: string
  readonly opened: boolean
  readonly files: RunFiles
}

/** A run gone through. */
export interface OpenRun extends BenchRunFolder {
  readonly index: RunIndex
}

interface Held {
  readonly stamp: string
  readonly read: number
  readonly run: Promise<OpenRun>
  search: { readonly text: string; readonly keys: Promise<Set<string>> } | null
}

/** Runs of benchmarks: those of the home folder's `benchmarks`, and folders that a person opened, which are remembered there. */
export class BenchRuns {
  /** Where runs of the app's own lie. */
  readonly folder: string
  readonly #log: Log
  readonly #ids = new Map<string, string>()
  readonly #held = new Map<string, Held>()
  #opened: string[]

  constructor(home: string, log: Log) {
    this.folder = join(home, 'benchmarks')
    this.#log = log
    this.#opened = this.#remembered()
  }

  /** All runs, the last changed first. A folder that cannot be read, or without predictions, is none. */
  async list(): Promise<BenchRunFolder[]> {
    const own = existsSync(this.folder) ? await readdir(this.folder, { withFileTypes: true }) : []
    const directories = [...own.filter((entry) => entry.isDirectory()).map(({ name }) => join(this.folder, name)), ...this.#opened]
    const found = await Promise.all([...new Set(directories)].map((directory) => this.#look(directory)))
    return found.flatMap((run) => (run ? [run] : [])).sort((a, b) => lastChange(b.files) - lastChange(a.files))
  }

  /** Adds a folder that a person chose. Throws `nothing-found` where no predictions lie in it. */
  async open(directory: string): Promise<BenchRunFolder> {
    const path = resolve(directory)
    const run = await this.#look(path)
    if (!run)
      throw new TarsierError(
        'nothing-found',
        `There are no predictions in ${path}. Choose the folder that a run was written to, or one with predictions.jsonl in it.`,
      )
    if (!this.#opened.includes(path)) await this.#remember([...this.#opened, path])
    return { ...run, opened: true }
  }

  async close(id: string): Promise<void> {
    await this.#remember(this.#opened.filter((path) => this.#ids.get(path) !== id))
  }

  /** A run with its samples. Throws `nothing-found` when it is not there any more. */
  async get(id: string): Promise<OpenRun> {
    const directory = [...this.#ids].find(([, known]) => known === id)?.[0]
    const held = this.#held.get(id)
    if (held && Date.now() - held.read < FRESH_MS) return held.run
    const run = directory === undefined ? null : await this.#look(directory)
    if (!run) throw new TarsierError('nothing-found', 'That run is not there any more. Look at the list again.')
    const stamp = stampOf(run.files)
    this.#held.delete(id)
    const fresh: Held =
      held?.stamp === stamp ? { ...held, read: Date.now() } : { stamp, read: Date.now(), run: goThrough(run), search: null }
    this.#held.set(id, fresh)
    // One that failed is forgotten, so that it can be tried again.
    fresh.run.catch(() => this.#held.delete(id))
    for (const other of [...this.#held.keys()].slice(0, -MOST_INDEXED)) this.#held.delete(other)
    return fresh.run
  }

  /** The keys of samples that hold a piece of text. The last search of a run is remembered for its further pages. */
  async search(id: string, text: string): Promise<ReadonlySet<string>> {
    const { files } = await this.get(id)
    const held = this.#held.get(id)
    if (held?.search?.text === text) return held.search.keys
    const keys = searchRun(files, text, new AbortController().signal)
    if (held) {
      held.search = { text, keys }
      keys.catch(() => {
        held.search = null
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
      return null // a disk that is not plugged in now
    }
  }

  /** What has been seen to be another run by now is gone through again as soon as somebody asks. */
  #expire(id: string, files: RunFiles): void {
    const held = this.#held.get(id)
    if (held && held.stamp !== stampOf(files)) this.#held.set(id, { ...held, read: 0 })
  }

  get #memory(): string {
    return join(this.folder, 'opened.json')
  }

  #remembered(): string[] {
    try {
      return z.array(z.string()).parse(JSON.parse(readFileSync(this.#memory, 'utf8')))
    } catch {
      return [] // none yet
    }
  }

  async #remember(paths: string[]): Promise<void> {
    this.#opened = paths
    try {
      await writeJson(this.#memory, paths)
    } catch {
      // The list holds until the program ends; that is no reason not to show a run.
      this.#log.error('bench', 'the list of opened benchmark folders could not be saved')
    }
  }
}

/** What a folder is called. */
export function runName({ directory }: BenchRunFolder): string {
  return basename(directory)
}

/** Not ended by the one who asked first: others wait for the same. */
async function goThrough(run: BenchRunFolder): Promise<OpenRun> {
  return { ...run, index: await indexRun(run.files, new AbortController().signal) }
}
