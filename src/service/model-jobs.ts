import { z } from 'zod'
import { importRoom } from '../engine/estimate/import-room.ts'
import type { FetchedCheckpoint } from '../engine/models/hub/fetch-checkpoint.ts'
import { removeAbandonedFolders } from '../engine/models/import/staging-folders.ts'
import { freeModelFolder } from '../engine/models/manage.ts'
import { modelsFolder } from '../engine/models/registry.ts'
import { newId } from '../library/ids.ts'
import type { Library } from '../library/library.ts'
import type { ModelJob } from '../shared/contract/models.ts'
import { errorCodes } from '../shared/error-codes.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import { languagePrecisions, visionPrecisions } from '../shared/model-manifest.ts'
import type { Log } from './log.ts'
import { Watched } from './watchers.ts'

/** Specification of a job, saved so that it can resume after a restart. */
const specSchema = z.object({
  id: z.string(),
  kind: z.enum(['download', 'import']),
  name: z.string(),
  /** Repository or folder. */
  source: z.string(),
  revision: z.string(),
  /** Folder of a LoRA adapter to merge into the weights. */
  adapter: z.string().exactOptional(),
  language: z.enum(languagePrecisions),
  vision: z.enum(visionPrecisions),
})
export type JobSpec = z.infer<typeof specSchema>
const storedJobSchema = z.object({
  spec: specSchema,
  state: z.enum(['running', 'paused', 'done', 'failed', 'cancelled']),
  error: z.object({ code: z.enum(errorCodes), message: z.string() }).nullable(),
})

/** How long the hub may be silent before the job says so. */
const SILENCE_MS = 1500

interface Running {
  readonly spec: JobSpec
  job: ModelJob
  stop: AbortController | null
  whole: Promise<void>
}

/** Downloads and imports models in the background. */
export class ModelJobs implements AsyncDisposable {
  readonly #home: string
  readonly #library: Library
  readonly #log: Log
  readonly #onChange: () => void
  readonly #jobs = new Map<string, Running>()
  readonly watched: Watched<readonly ModelJob[]>

  constructor(parts: { home: string; library: Library; log: Log }, onChange: () => void) {
    this.#home = parts.home
    this.#library = parts.library
    this.#log = parts.log
    this.#onChange = onChange
    this.watched = new Watched(() => this.all)
    for (const value of parts.library.modelJobs.all()) {
      const stored = storedJobSchema.safeParse(value)
      if (!stored.success) continue // written by another version, so it cannot be resumed
      const { spec, state, error } = stored.data
      // Running jobs become paused after a restart; the user has to resume them.
      const job = jobOf(spec, state === 'running' ? 'paused' : state, error)
      this.#jobs.set(spec.id, { spec, job, stop: null, whole: Promise.resolve() })
    }
  }

  get all(): readonly ModelJob[] {
    return [...this.#jobs.values()].map(({ job }) => job)
  }

  get running(): number {
    return this.all.filter(({ state }) => state === 'running').length
  }

  /** Starts a job. Throws `usage` for an invalid name and `model-exists`. */
  async start(spec: Omit<JobSpec, 'id'>): Promise<ModelJob> {
    await freeModelFolder(spec.name, this.#home)
    if ([...this.#jobs.values()].some(({ job }) => job.name === spec.name && (job.state === 'running' || job.state === 'paused'))) {
      throw new TarsierError('model-exists', `A model named "${spec.name}" is already being installed. Choose another name.`, {
        details: { name: spec.name },
      })
    }
    const whole = { ...spec, id: newId() }
    const running: Running = { spec: whole, job: jobOf(whole, 'running', null), stop: null, whole: Promise.resolve() }
    this.#jobs.set(whole.id, running)
    this.#go(running)
    return running.job
  }

  async pause(id: string): Promise<ModelJob> {
    const running = this.#get(id)
    if (running.job.state === 'running') await this.#stop(running, 'paused')
    return running.job
  }

  resume(id: string): ModelJob {
    const running = this.#get(id)
    if (running.job.state === 'paused' || running.job.state === 'failed') this.#go(running)
    return running.job
  }

  async cancel(id: string): Promise<void> {
    const running = this.#get(id)
    if (running.job.state === 'running') await this.#stop(running, 'cancelled')
    const { spec, job } = running
    this.#jobs.delete(id)
    this.#changed()
    // The files first: they may fill the disk, on which the library can then change nothing.
    if (job.state !== 'done') {
      await removeAbandonedFolders(modelsFolder(this.#home), spec.name)
      if (spec.kind === 'download' && !this.#isShared(spec)) {
        const { removeDownload } = await import('../engine/models/hub/download-folder.ts')
        await removeDownload(spec.source, this.#home)
      }
    }
    this.#library.modelJobs.remove(id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#jobs.values()].map((running) => (running.job.state === 'running' ? this.#stop(running, 'paused') : undefined)),
    )
  }

  #get(id: string): Running {
    const running = this.#jobs.get(id)
    if (running) return running
    throw new TarsierError('nothing-found', 'This download or import no longer exists.', { details: { job: id } })
  }

  #go(running: Running): void {
    const stop = new AbortController()
    running.stop = stop
    this.#set(running, { state: 'running', error: null })
    running.whole = this.#work(running, stop.signal).then(
      () => this.#set(running, { state: 'done', progress: { value: 1, title: 'done' } }),
      (error: unknown) => {
        if (isAbort(error)) return
        const data = asTarsierError(error).toData()
        this.#log.error('models', `${running.spec.source}: ${data.code}`)
        this.#set(running, { state: 'failed', error: data })
      },
    )
  }

  async #work(running: Running, signal: AbortSignal): Promise<void> {
    if (running.spec.kind === 'import') return await this.#import(running, running.spec.source, signal)
    // Held until the end of the import, which reads the files.
    await using fetched = await this.#fetch(running, signal)
    await this.#import(running, fetched.directory, signal)
    if (!this.#isShared(running.spec)) await fetched.remove()
  }

  async #import(running: Running, directory: string, signal: AbortSignal): Promise<void> {
    const { spec } = running
    this.#set(running, { step: 'importing', progress: { value: 0, title: 'reading the checkpoint' } })
    // Imported lazily, because it loads the ONNX writer.
    const { importCheckpoint } = await import('../engine/models/import/import-checkpoint.ts')
    await importCheckpoint(directory, {
      name: spec.name,
      language: spec.language,
      vision: spec.vision,
      ...(spec.adapter !== undefined && { adapter: spec.adapter }),
      home: this.#home,
      signal,
      onProgress: (progress) => this.#set(running, { progress }),
    })
  }

  /** Whether another job needs the downloaded files of a job. */
  #isShared({ id, source }: JobSpec): boolean {
    return [...this.#jobs.values()].some(
      ({ spec, job }) => spec.id !== id && spec.kind === 'download' && spec.source === source && job.state !== 'done',
    )
  }

  async #fetch(running: Running, signal: AbortSignal): Promise<FetchedCheckpoint> {
    this.#set(running, { step: 'fetching', progress: { value: 0, title: `listing ${running.spec.source} on the hub` } })
    // Without a connection, the system may search for the hub's address for long.
    const late = setTimeout(() => {
      if (running.job.step === 'fetching' && running.job.state === 'running' && running.job.progress.value === 0)
        this.#set(running, { progress: { value: 0, title: 'The hub does not answer. Check the internet connection' } })
    }, SILENCE_MS)
    const { name, source, revision } = running.spec
    const { fetchCheckpoint } = await import('../engine/models/hub/fetch-checkpoint.ts')
    const model = await importRoom(source, running.spec, modelsFolder(this.#home))
    return await fetchCheckpoint(source, {
      revision,
      home: this.#home,
      model,
      signal,
      afterWait: () => freeModelFolder(name, this.#home),
      onProgress: (progress) => {
        clearTimeout(late)
        this.#set(running, { progress })
      },
    }).finally(() => clearTimeout(late))
  }

  async #stop(running: Running, state: 'paused' | 'cancelled'): Promise<void> {
    running.stop?.abort()
    await running.whole
    if (running.job.state === 'running') this.#set(running, { state })
  }

  #set(running: Running, change: Partial<ModelJob>): void {
    running.job = { ...running.job, ...change }
    this.#changed()
    // Progress is not saved, only state changes.
    if (change.state !== undefined) this.#save(running)
  }

  /** A state that cannot be saved, for example on a full disk, is lost at the next start; the work goes on. */
  #save({ spec, job: { state, error } }: Running): void {
    try {
      this.#library.modelJobs.put(spec.id, { spec, state, error: error && { code: error.code, message: error.message } })
    } catch (failure) {
      this.#log.error('models', `${spec.source}: ${asTarsierError(failure).code}: the state of the job could not be saved`)
    }
  }

  #changed(): void {
    this.watched.changed()
    this.#onChange()
  }
}

function jobOf(spec: JobSpec, state: ModelJob['state'], error: ModelJob['error']): ModelJob {
  const { id, kind, name, source } = spec
  return { id, kind, name, source, state, step: kind === 'download' ? 'fetching' : 'importing', progress: { value: 0, title: '' }, error }
}
