import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { partNames } from '../engine/devices/device-use.ts'
import type { EngineOptions } from '../engine/engine-client.ts'
import type { OnDeviceFailure } from '../engine/host/device-recovery.ts'
import { MediaClient } from '../engine/host/media-client.ts'
import { Library } from '../library/library.ts'
import { remove } from '../platform/move.ts'
import { neverConnect, obeySettingOf } from '../platform/never-connect.ts'
import type { Activity } from '../shared/contract/system.ts'
import type { TarsierError } from '../shared/errors.ts'
import { AdvanceLoading } from './advance-loading.ts'
import { Answering } from './answering.ts'
import { BatchRunner } from './batch-runner.ts'
import { BenchJobs } from './bench-jobs.ts'
import { BenchRuns } from './bench-runs.ts'
import { ClipStore } from './clip-store.ts'
import { DeviceFailures } from './device-failures.ts'
import { Engines } from './engines.ts'
import { EventRuns } from './event-runs.ts'
import { FileEvents } from './file-events.ts'
import { FolderHandles } from './folder-handles.ts'
import { GpuNames } from './gpu-names.ts'
import { Log } from './log.ts'
import { ModelJobs } from './model-jobs.ts'
import { Moments } from './moments.ts'
import { Previews } from './previews.ts'
import { QueueJobs } from './queue-jobs.ts'
import { RunQueue } from './run-queue.ts'
import { RunningAnswers } from './running-answers.ts'
import { Thumbnails } from './thumbnails.ts'
import { appVersion } from './version.ts'
import { Watched } from './watchers.ts'

export interface ServiceOptions {
  /** Folder of models, caches, logs and the library. */
  readonly home: string
  /** Limits below those of the model and the machine, for all questions. */
  readonly limits?: EngineOptions['limits']
}

type LostProcess = 'engine' | 'media'

/** Clips without conversations or events are removed after a day. */
const UNUSED_MS = 24 * 60 * 60 * 1000

/** All functions of a page, a shell or a server, on top of the engine and the library. Only one service can use a home folder at a time. */
export interface Service extends AsyncDisposable {
  readonly home: string
  readonly limits: EngineOptions['limits']
  readonly library: Library
  readonly log: Log
  readonly media: MediaClient
  readonly runs: RunQueue
  readonly engines: Engines
  readonly advanceLoading: AdvanceLoading
  readonly gpuNames: GpuNames
  readonly clips: ClipStore
  readonly previews: Previews
  readonly thumbnails: Thumbnails
  readonly moments: Moments
  readonly answering: Answering
  readonly answers: RunningAnswers
  readonly events: EventRuns
  readonly fileEvents: FileEvents
  readonly batches: BatchRunner
  readonly models: ModelJobs
  readonly bench: BenchRuns
  readonly benchJobs: BenchJobs
  readonly queue: QueueJobs
  readonly folders: FolderHandles
  readonly activity: Watched<Activity>
  /**
   * Lost processes since the start: `crashes` counts all of them, `hangs` those that were ended because they hung. Failures of devices count
   * separately.
   */
  readonly losses: Readonly<Record<LostProcess, { readonly crashes: number; readonly hangs: number }>> & {
    readonly devices: DeviceFailures
  }
  /** Counts and logs a failure of a device. */
  readonly onDeviceFailure: OnDeviceFailure
  /** Folder of copies of uploaded files. */
  readonly uploads: string
  /** Resumes interrupted batches and removes unused clips and incomplete uploads. */
  resume(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Creates a service. Throws `library-busy` while another service uses the home folder, `library-damaged`, `disk-full`, `write-failed`. */
export function openService({ home, limits }: ServiceOptions): Service {
  obeySettingOf(home)
  const library = new Library(home)
  const log = new Log(home)
  const losses = { engine: { crashes: 0, hangs: 0 }, media: { crashes: 0, hangs: 0 }, devices: new DeviceFailures() }
  // Evaluated only when watched, after all parts exist.
  const activity = new Watched<Activity>(() => ({
    model: engines.model,
    loading: advanceLoading.loading,
    running: runs.running ?? 'nothing',
    waiting: runs.waiting,
    jobs: models.running,
    batches: batches.running,
    crashes: losses.engine.crashes,
    neverConnect: neverConnect(),
  }))
  const onChange = () => activity.changed()
  /** Counts and logs a process that crashed or hung. */
  const onLost = (process: LostProcess, { code }: TarsierError) => {
    const hung = code === 'engine-hung'
    losses[process].crashes += 1
    if (hung) losses[process].hangs += 1
    log.error(process, `the ${process === 'engine' ? 'engine' : 'media process'} ${hung ? 'hung and was stopped' : 'crashed'}`)
    onChange()
  }
  const onDeviceFailure: OnDeviceFailure = (failure, next) => {
    losses.devices.add(failure, next)
    const { part, device, why } = failure
    log.error('engine', `"${device}" failed for the ${partNames[part]}: ${why}${next ? '; the next device is used' : ''}`)
  }
  const media = new MediaClient((error) => onLost('media', error))
  const runs = new RunQueue(onChange)
  const engines = new Engines({ home, limits }, onChange, { onLost: (error) => onLost('engine', error), onDeviceFailure })
  const advanceLoading = new AdvanceLoading({ home, limits, library, engines, runs, log }, onChange)
  const gpuNames = new GpuNames(home, onDeviceFailure)
  const previews = new Previews(home, media)
  const moments = new Moments(home, media)
  const thumbnails = new Thumbnails(media)
  const clips = new ClipStore({ library, media, previews, thumbnails, log })
  const answering = new Answering({ home, library, clips, engines, runs, log })
  const answers = new RunningAnswers(answering)
  const fileEvents = new FileEvents({ home, media, engines, runs, log, settings: () => library.settings.get() })
  const events = new EventRuns({ library, clips, files: fileEvents, answering })
  const batches = new BatchRunner({ home, library, answers, log }, onChange)
  const models = new ModelJobs({ home, library, log }, onChange)
  const bench = new BenchRuns(home, log)
  const benchJobs = new BenchJobs({ home, folder: bench.folder, library, engines, runs, log }, onChange)
  const queue = new QueueJobs(library)
  const uploads = join(home, 'uploads')
  log.info('service', `Tarsier ${appVersion()} started`)
  return {
    home,
    limits,
    library,
    log,
    media,
    runs,
    engines,
    advanceLoading,
    gpuNames,
    clips,
    previews,
    thumbnails,
    moments,
    answering,
    answers,
    events,
    fileEvents,
    batches,
    models,
    bench,
    benchJobs,
    queue,
    folders: new FolderHandles(),
    activity,
    losses,
    onDeviceFailure,
    uploads,
    async resume() {
      await clips.forgetUnused({ openedBefore: Date.now() - UNUSED_MS })
      await removeTornUploads(uploads)
      await moments.clean()
      batches.resumeAll()
    },
    async [Symbol.asyncDispose]() {
      await answers[Symbol.asyncDispose]()
      await batches[Symbol.asyncDispose]()
      await benchJobs[Symbol.asyncDispose]()
      await queue[Symbol.asyncDispose]()
      await models[Symbol.asyncDispose]()
      await previews[Symbol.asyncDispose]()
      await moments[Symbol.asyncDispose]()
      await clips[Symbol.asyncDispose]()
      advanceLoading[Symbol.dispose]()
      await engines[Symbol.asyncDispose]()
      await gpuNames[Symbol.asyncDispose]()
      await media[Symbol.asyncDispose]()
      library[Symbol.dispose]()
    },
  }
}

/** Removes incomplete uploads of a crashed process. What cannot be removed stays until the next start. */
async function removeTornUploads(uploads: string): Promise<void> {
  for (const name of await readdir(uploads).catch(() => [])) // nothing was uploaded yet
    if (name.endsWith('.part')) await remove(join(uploads, name)).catch(() => {})
}
