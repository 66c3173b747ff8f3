import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { dataSetOf, isGenerated } from '../bench/datasets.ts'
import { evaluate } from '../bench/evaluate.ts'
import { saveReport } from '../bench/report/save-report.ts'
import { findPredictions } from '../bench/run/find-predictions.ts'
import { mergePredictions } from '../bench/run/merge.ts'
import { runBenchmark } from '../bench/run/run-benchmark.ts'
import type { RunEvent } from '../bench/run/run-sets.ts'
import { selectSamples } from '../bench/run/samples.ts'
import { TarsierModel } from '../bench/run/tarsier-model.ts'
import { newId } from '../library/ids.ts'
import type { Library } from '../library/library.ts'
import { writeFailure } from '../platform/file-failure.ts'
import { writeJson } from '../platform/json-file.ts'
import { remove } from '../platform/move.ts'
import { type BenchChoice, type BenchJob, benchJobStates, newBenchSchema } from '../shared/contract/bench.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import { fileNamePart } from '../shared/file-name.ts'
import { samplingSchema } from '../shared/sampling.ts'
import type { Engines } from './engines.ts'
import { LentEngine } from './lent-engine.ts'
import type { Log } from './log.ts'
import type { RunQueue } from './run-queue.ts'
import { appVersion } from './version.ts'
import { Watched } from './watchers.ts'

/** File of a job, in the folder of its run, so that both are copied and removed together. */
const JOB_FILE = 'job.json'
/** Longest answers, as in the papers' benchmarks and `tarsier bench run`. */
const MAX_TOKENS = 512
const MAX_FAILURES_SHOWN = 20

const specSchema = newBenchSchema.omit({ annotations: true, videos: true }).extend({
  annotations: z.string().nullable(),
  videos: z.string().nullable(),
})
/** What a job runs; folders are paths. */
export type BenchJobSpec = z.infer<typeof specSchema>
const storedSchema = z.object({
  id: z.string(),
  spec: specSchema,
  state: z.enum(benchJobStates),
  done: z.number(),
  failed: z.number(),
  total: z.number(),
  notScored: z.array(z.string()),
})

interface Entry {
  readonly directory: string
  readonly spec: BenchJobSpec
  job: BenchJob
  stop: AbortController | null
  whole: Promise<void>
}

export interface BenchJobsParts {
  readonly home: string
  /** Folder of the app's own runs. */
  readonly folder: string
  readonly library: Library
  readonly engines: Engines
  readonly runs: RunQueue
  readonly log: Log
}

/** Runs benchmarks in the background, one at a time. A chat or an API request waits at most for the sample in progress. */
export class BenchJobs implements AsyncDisposable {
  readonly #parts: BenchJobsParts
  /** Newest first. */
  #entries: readonly Entry[]
  readonly watched: Watched<readonly BenchJob[]>
  readonly #onChange: () => void

  /** @param onChange called at each change of a job */
  constructor(parts: BenchJobsParts, onChange: () => void) {
    this.#parts = parts
    this.#onChange = onChange
    this.#entries = storedEntries(parts.folder)
    this.watched = new Watched(() => this.all)
  }

  /** Newest first. */
  get all(): readonly BenchJob[] {
    return this.#entries.map(({ job }) => job)
  }

  /** Starts a run in a new folder. Throws `bench-busy`, `disk-full`, `write-failed`; later failures are in the job. */
  start(spec: BenchJobSpec): BenchJob {
    this.#expectNoneRunning()
    const directory = makeRunFolder(this.#parts.folder, runName(spec))
    const entry: Entry = { directory, spec, job: jobOf(newId(), directory, spec), stop: null, whole: Promise.resolve() }
    this.#entries = [entry, ...this.#entries]
    this.#go(entry, false)
    return entry.job
  }

  async stop(id: string): Promise<void> {
    const { stop, whole } = this.#entry(id)
    stop?.abort()
    await whole
  }

  resume(id: string, retryFailed: boolean): BenchJob {
    const entry = this.#entry(id)
    this.#expectNoneRunning()
    this.#go(entry, retryFailed)
    return entry.job
  }

  /** Removes a run from the list, and stops it first if it is running. Its answers stay. */
  async dismiss(id: string): Promise<void> {
    const entry = this.#entry(id)
    await this.stop(id)
    this.#entries = this.#entries.filter((other) => other !== entry)
    await remove(join(entry.directory, JOB_FILE))
    this.watched.changed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#entries.map(({ job }) => this.stop(job.id)))
  }

  #entry(id: string): Entry {
    const found = this.#entries.find(({ job }) => job.id === id)
    if (found) return found
    throw new TarsierError('nothing-found', 'This run is no longer in the list. Reload the list of runs.')
  }

  #expectNoneRunning(): void {
    const running = this.#entries.find(({ job }) => job.state === 'running')
    if (!running) return
    throw new TarsierError('bench-busy', `The benchmark "${running.job.name}" is running. Wait until it is done, or stop it.`)
  }

  #go(entry: Entry, retryFailed: boolean): void {
    const stop = new AbortController()
    entry.stop = stop
    this.#set(entry, { state: 'running', step: 'preparing', failures: [], notScored: [], error: null, perMinute: null, secondsLeft: null })
    entry.whole = this.#run(entry, retryFailed, stop.signal).then(
      () => this.#end(entry, { state: 'done' }),
      (error: unknown) => {
        if (isAbort(error) || stop.signal.aborted) return this.#end(entry, { state: 'stopped' })
        const data = asTarsierError(error).toData()
        this.#parts.log.error('bench', `${entry.job.name}: ${data.code}`)
        return this.#end(entry, { state: 'failed', error: data })
      },
    )
  }

  async #run(entry: Entry, retryFailed: boolean, signal: AbortSignal): Promise<void> {
    const { spec, directory } = entry
    const { home, engines, runs, library } = this.#parts
    await this.#save(entry)
    const selected = await selectSamples({ names: spec.sets, annotations: spec.annotations, limit: spec.limit }, signal)
    const samples = selected.sets.flatMap((set) => set.samples)
    const wanted = new Set(samples.map(({ key }) => key))
    this.#set(entry, { total: samples.length, done: 0, failed: 0 })
    const { device } = library.settings.get()
    // Clips of benchmarks are used once, so caching them would only evict those of conversations.
    const choice = { model: spec.model, device, cache: false }
    await using model = await TarsierModel.open(
      {
        engine: { model: spec.model, device, home },
        start: () => new LentEngine({ engines, runs }, choice, { client: `bench ${entry.job.id}`, kind: 'batch' }, () => {}),
        frames: { count: spec.frames },
        sampling: samplingSchema.parse({ maxTokens: MAX_TOKENS }),
        version: appVersion(),
      },
      signal,
    )
    let before = { done: 0, failed: 0 }
    const onEvent = (event: RunEvent) => {
      if (event.kind === 'opened') {
        const found = [...event.found.predictions.values()].filter(({ key }) => wanted.has(key))
        before = { done: before.done + found.length, failed: before.failed + found.filter(({ error }) => error !== null).length }
        this.#set(entry, { step: 'answering', ...before })
      }
      if (event.kind === 'done') this.#sampleDone(entry, before, event)
    }
    await runBenchmark(selected, { out: directory, videos: spec.videos, home, workers: [model], retryFailed, anew: false }, onEvent, signal)
    await this.#score(entry, signal)
  }

  #sampleDone(entry: Entry, before: { done: number; failed: number }, { prediction, progress }: Extract<RunEvent, { kind: 'done' }>): void {
    const { key, error } = prediction
    const { done, failed, perMinute, secondsLeft } = progress
    const failures = error ? [...entry.job.failures, { key, message: error.message }].slice(-MAX_FAILURES_SHOWN) : entry.job.failures
    this.#set(entry, { done: before.done + done, failed: before.failed + failed, perMinute, secondsLeft, failures })
  }

  /** Scores what needs no judge, as `tarsier bench eval` does. */
  async #score(entry: Entry, signal: AbortSignal): Promise<void> {
    this.#set(entry, { step: 'scoring', perMinute: null, secondsLeft: null })
    const { files } = await findPredictions(entry.directory)
    const { sets } = await mergePredictions(files, signal, 'first')
    for (const { name, predictions } of sets) {
      if (needsJudge(name)) this.#set(entry, { notScored: [...entry.job.notScored, name] })
      else await saveReport(await evaluate([...predictions.values()], { folder: entry.directory, judge: null, signal }), entry.directory)
    }
  }

  async #end(entry: Entry, change: Partial<BenchJob>): Promise<void> {
    entry.stop = null
    this.#set(entry, { ...change, perMinute: null, secondsLeft: null })
    try {
      await this.#save(entry)
    } catch {
      this.#parts.log.error('bench', `the state of the benchmark "${entry.job.name}" could not be saved`)
    }
  }

  async #save({ directory, spec, job }: Entry): Promise<void> {
    const { id, state, done, failed, total, notScored } = job
    const stored: z.infer<typeof storedSchema> = { id, spec, state, done, failed, total, notScored: [...notScored] }
    await writeJson(join(directory, JOB_FILE), stored)
  }

  #set(entry: Entry, change: Partial<BenchJob>): void {
    entry.job = { ...entry.job, ...change }
    this.watched.changed()
    this.#onChange()
  }
}

/** Lists the data sets of a folder of annotations; without one, those of this program. */
export async function benchChoices(annotations: string | null, signal: AbortSignal): Promise<BenchChoice[]> {
  const names = annotations === null ? ['moving-shapes', 'check'] : ['all']
  const { sets } = await selectSamples({ names, annotations }, signal)
  return sets.map(({ dataSet, samples }) => ({ name: dataSet.name, samples: samples.length, judged: needsJudge(dataSet.dataset) }))
}

function needsJudge(dataset: string): boolean {
  const set = dataSetOf(dataset)
  return set !== null && !isGenerated(set) && (set.metric === 'autodq' || set.metric === 'open-ended')
}

function runName({ sets: [first = 'run', ...others], model }: BenchJobSpec): string {
  const sets = `${fileNamePart(first, '-') || 'run'}${others.length > 0 ? `-and-${others.length}-more` : ''}`
  return `${sets}-${fileNamePart(basename(model), '-') || 'model'}`
}

/** Creates a folder with this name, or with a number after it, and returns its path. Two processes never get the same one. */
function makeRunFolder(parent: string, name: string): string {
  try {
    mkdirSync(parent, { recursive: true })
    for (let i = 1; ; i++) {
      const directory = join(parent, i === 1 ? name : `${name}-${i}`)
      if (isCreated(directory)) return directory
    }
  } catch (error) {
    throw writeFailure(`${join(parent, name)} could not be written`, error)
  }
}

/** Creates a folder. Returns false if the name is taken. */
function isCreated(directory: string): boolean {
  try {
    mkdirSync(directory)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function jobOf(id: string, directory: string, { sets, model }: BenchJobSpec): BenchJob {
  return {
    id,
    name: basename(directory),
    place: directory,
    state: 'running',
    step: 'preparing',
    sets,
    model,
    done: 0,
    failed: 0,
    total: 0,
    perMinute: null,
    secondsLeft: null,
    failures: [],
    notScored: [],
    error: null,
  }
}

/** Reads the jobs of an earlier process. Those that it was still running are stopped, and can be resumed. */
function storedEntries(folder: string): Entry[] {
  if (!existsSync(folder)) return []
  const directories = readdirSync(folder).map((name) => join(folder, name))
  return directories.flatMap((directory) => {
    const stored = readStored(join(directory, JOB_FILE))
    if (stored === null) return []
    const { id, spec, state, ...counts } = stored
    const job = { ...jobOf(id, directory, spec), ...counts, state: state === 'running' ? ('stopped' as const) : state }
    return [{ directory, spec, job, stop: null, whole: Promise.resolve() }]
  })
}

function readStored(path: string): z.infer<typeof storedSchema> | null {
  try {
    return storedSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null // not started from the page, or written by another version
  }
}
