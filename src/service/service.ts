import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineOptions } from '../engine/engine-client.ts'
import { MediaClient } from '../engine/host/media-client.ts'
import { Library } from '../library/library.ts'
import { remove } from '../platform/move.ts'
import type { Activity } from '../shared/contract/system.ts'
import type { TarsierError } from '../shared/errors.ts'
import { Answering } from './answering.ts'
import { BatchRunner } from './batch-runner.ts'
import { BenchRuns } from './bench-runs.ts'
import { ClipStore } from './clip-store.ts'
import { Engines } from './engines.ts'
import { FolderHandles } from './folder-handles.ts'
import { Log } from './log.ts'
import { ModelJobs } from './model-jobs.ts'
import { Previews } from './previews.ts'
import { RunQueue } from './run-queue.ts'
import { appVersion } from './version.ts'
import { Watched } from './watchers.ts'

export interface ServiceOptions {
  /** Where models, caches, logs and the library lie. */
  readonly home: string
  /** Stricter limits than the model's and the machine's, for all questions. */
  readonly limits?: EngineOptions['limits']
}

type LostProcess = 'engine' | 'media'

/** A clip that nobody asked anything about is forgotten after a day. */
const UNUSED_MS = 24 * 60 * 60 * 1000

/** Everything that a page, a shell or a server asks for, over the engine and the library. One a home folder at a time. */
export class Service implements AsyncDisposable {
  readonly home: string
  readonly limits: EngineOptions['limits']
  readonly library: Library
  readonly log: Log
  readonly media = new MediaClient((error) => this.#lost('media', error))
  readonly runs: RunQueue
  readonly engines: Engines
  readonly clips: ClipStore
  readonly previews: Previews
  readonly answering: Answering
  readonly batches: BatchRunner
  readonly models: ModelJobs
  readonly bench: BenchRuns
  readonly folders = new FolderHandles()
  readonly activity: Watched<Activity>
  /** Processes that ended in the middle of something since the start: all of them, and those that were ended because they hung. */
  readonly losses: Readonly<Record<LostProcess, { crashes: number; hangs: number }>> = {
    engine: { crashes: 0, hangs: 0 },
    media: { crashes: 0, hangs: 0 },
  }

  /** Throws `library-busy` while another one has the home folder, `library-damaged`, `disk-full`, `write-failed`. */
  constructor({ home, limits }: ServiceOptions) {
    this.home = home
    this.limits = limits
    this.library = new Library(home)
    this.log = new Log(home)
    this.activity = new Watched(() => this.#activity())
    const changed = () => this.activity.changed()
    this.runs = new RunQueue(changed)
    this.engines = new Engines({ home, limits }, changed, (error) => this.#lost('engine', error))
    this.previews = new Previews(home, this.media)
    this.clips = new ClipStore(this)
    this.answering = new Answering(this)
    this.batches = new BatchRunner(this, changed)
    this.models = new ModelJobs(this, changed)
    this.bench = new BenchRuns(home, this.log)
    this.log.info('service', `Tarsier ${appVersion()} began`)
  }

  /** Where uploads lie: our own copies of what came over the network. */
  get uploads(): string {
    return join(this.home, 'uploads')
  }

  /** Goes on with what was under way when the last one ended, and forgets what nobody needs. */
  async resume(): Promise<void> {
    await this.clips.forgetUnused(Date.now() - UNUSED_MS)
    await this.#removeTornUploads()
    this.batches.resumeAll()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.batches[Symbol.asyncDispose]()
    await this.models[Symbol.asyncDispose]()
    await this.previews[Symbol.asyncDispose]()
    await this.clips[Symbol.asyncDispose]()
    await this.engines[Symbol.asyncDispose]()
    await this.media[Symbol.asyncDispose]()
    this.library[Symbol.dispose]()
  }

  /** What an upload was cut off from when the program died. */
  async #removeTornUploads(): Promise<void> {
    if (!existsSync(this.uploads)) return
    for (const name of await readdir(this.uploads)) if (name.endsWith('.part')) await remove(join(this.uploads, name))
  }

  /** Counts a process that crashed or hung, and tells everybody. */
  #lost(process: LostProcess, { code }: TarsierError): void {
    const hung = code === 'engine-hung'
    this.losses[process].crashes += 1
    if (hung) this.losses[process].hangs += 1
    this.log.error(
      process,
      `the ${process === 'engine' ? 'engine' : 'process that reads clips'} ${hung ? 'hung and was ended' : 'crashed'}`,
    )
    this.activity.changed()
  }

  #activity(): Activity {
    return {
      model: this.engines.model,
      running: this.runs.running ?? 'nothing',
      waiting: this.runs.waiting,
      jobs: this.models.running,
      batches: this.batches.running,
      crashes: this.losses.engine.crashes,
    }
  }
}
