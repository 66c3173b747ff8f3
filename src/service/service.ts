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
export interface Service extends AsyncDisposable {
  readonly home: string
  readonly limits: EngineOptions['limits']
  readonly library: Library
  readonly log: Log
  readonly media: MediaClient
  readonly runs: RunQueue
  readonly engines: Engines
  readonly clips: ClipStore
  readonly previews: Previews
  readonly answering: Answering
  readonly batches: BatchRunner
  readonly models: ModelJobs
  readonly bench: BenchRuns
  readonly folders: FolderHandles
  readonly activity: Watched<Activity>
  /** Processes that ended in the middle of something since the start: all of them, and those that were ended because they hung. */
  readonly losses: Readonly<Record<LostProcess, { readonly crashes: number; readonly hangs: number }>>
  /** Where uploads lie: our own copies of what came over the network. */
  readonly uploads: string
  /** Goes on with what was under way when the last one ended, and forgets what nobody needs. */
  resume(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes every part of a service from those before it. Throws `library-busy` while another one has the home folder, `library-damaged`, `disk-full`,
 * `write-failed`.
 */
export function openService({ home, limits }: ServiceOptions): Service {
  const library = new Library(home)
  const log = new Log(home)
  const losses = { engine: { crashes: 0, hangs: 0 }, media: { crashes: 0, hangs: 0 } }
  // Read when somebody watches, and so after all parts are made.
  const activity = new Watched<Activity>(() => ({
    model: engines.model,
    running: runs.running ?? 'nothing',
    waiting: runs.waiting,
    jobs: models.running,
    batches: batches.running,
    crashes: losses.engine.crashes,
  }))
  const onChange = () => activity.changed()
  /** Counts a process that crashed or hung, and reports it. */
  const onLost = (process: LostProcess, { code }: TarsierError) => {
    const hung = code === 'engine-hung'
    losses[process].crashes += 1
    if (hung) losses[process].hangs += 1
    log.error(process, `the ${process === 'engine' ? 'engine' : 'process that reads clips'} ${hung ? 'hung and was ended' : 'crashed'}`)
    onChange()
  }
  const media = new MediaClient((error) => onLost('media', error))
  const runs = new RunQueue(onChange)
  const engines = new Engines({ home, limits }, onChange, (error) => onLost('engine', error))
  const previews = new Previews(home, media)
  const clips = new ClipStore({ library, media, previews, log })
  const answering = new Answering({ home, library, clips, engines, runs, log })
  const batches = new BatchRunner({ home, library, answering, log }, onChange)
  const models = new ModelJobs({ home, library, log }, onChange)
  const bench = new BenchRuns(home, log)
  const uploads = join(home, 'uploads')
  log.info('service', `Tarsier ${appVersion()} began`)
  return {
    home,
    limits,
    library,
    log,
    media,
    runs,
    engines,
    clips,
    previews,
    answering,
    batches,
    models,
    bench,
    folders: new FolderHandles(),
    activity,
    losses,
    uploads,
    async resume() {
      await clips.forgetUnused(Date.now() - UNUSED_MS)
      await removeTornUploads(uploads)
      batches.resumeAll()
    },
    async [Symbol.asyncDispose]() {
      await batches[Symbol.asyncDispose]()
      await models[Symbol.asyncDispose]()
      await previews[Symbol.asyncDispose]()
      await clips[Symbol.asyncDispose]()
      await engines[Symbol.asyncDispose]()
      await media[Symbol.asyncDispose]()
      library[Symbol.dispose]()
    },
  }
}

/** What uploads were cut off from when the program died. */
async function removeTornUploads(uploads: string): Promise<void> {
  if (!existsSync(uploads)) return
  for (const name of await readdir(uploads)) if (name.endsWith('.part')) await remove(join(uploads, name))
}
