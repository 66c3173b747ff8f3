import { setTimeout as sleep } from 'node:timers/promises'
import { type Outcome, runJob, STOPPING_CODES, type Work } from '../jobs/driver.ts'
import { asTarsierError, isAbort, isProcessLost, TarsierError } from '../shared/errors.ts'
import { type Claimed, claim, dropClaim, enterWorker, finish, giveBack, giveBackCounted, heartbeat, leave } from './claims.ts'
import type { ClipPlaces } from './clip-places.ts'
import type { Database } from './database.ts'
import { returnUnitsOfDeadWorkers } from './dead-workers.ts'
import { unfinished } from './job-progress.ts'
import type { JobModel } from './job-request.ts'
import { type Job, runningJobs } from './job-store.ts'
import { hasTicket } from './tickets.ts'
import { unitName } from './unit.ts'
import { failureLine } from './unit-lines.ts'
import type { UnitWork } from './unit-work.ts'

export interface WorkerOptions {
  /** Works only on jobs of these engines. */
  readonly engines: readonly JobModel['engine'][]
  /** Works only on jobs of this model. Null for all. */
  readonly model: string | null
  /** Works only on this job. Null for all. */
  readonly job: string | null
  /** Tags of this worker. Jobs with a tag are for workers that have it. */
  readonly tags: readonly string[]
  /** Ends when no job for this worker has unfinished units. */
  readonly drain: boolean
  /** Version of this program. */
  readonly version: string
  /** Does jobs that another version has submitted. */
  readonly anyVersion: boolean
  /** Seconds without a heartbeat after which the worker counts as dead. */
  readonly lease: number
  open(job: Job, signal: AbortSignal): Promise<UnitWork>
  readonly places: ClipPlaces
}

export type WorkerEvent =
  | { readonly kind: 'opening'; readonly job: Job }
  /** The worker cannot do the units of this job, and looks for others. */
  | { readonly kind: 'unable'; readonly job: Pick<Job, 'id' | 'name'>; readonly error: TarsierError }
  | { readonly kind: 'started'; readonly claimed: Claimed }
  | { readonly kind: 'finished'; readonly claimed: Claimed; readonly name: string; readonly error: TarsierError | null }
  /** A unit was given back after its engine ended. */
  | { readonly kind: 'returned'; readonly claimed: Claimed; readonly name: string; readonly error: TarsierError }
  /** The folder of the clips is lost, its units are given back, and the worker waits for it; null when it is there again. */
  | { readonly kind: 'folder'; readonly error: TarsierError | null }

/** Time between two looks for work when there is none, in milliseconds. */
const IDLE_MS = 1000
/** Time after which a worker tries again to open the work of a job that it could not do. */
const RETRY_OPENING_MS = 60_000
const CRASHES_IN_A_ROW = 3
/** Time for giving back units at the end, in milliseconds. */
const LEAVE_MS = 15_000
/** Heartbeats per lease: several may be lost before the worker counts as dead. */
const BEATS = 6

/**
 * Takes units of jobs from a queue, one for each slot at a time, and stores their results, until there are none (`drain`) or `stopping` is aborted;
 * units in progress are then finished. If `signal` is aborted, they are stopped. Either way the worker gives back what it has not finished.
 *
 * @throws the first error that would meet every further unit, such as a full disk, and the abort reason
 */
export async function runWorker(
  database: Database,
  options: WorkerOptions,
  onEvent: (event: WorkerEvent) => void,
  stopping: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  const worker = new Worker(database, options, onEvent, await enterWorker(options.version, options.lease, database, signal))
  const ending = new AbortController()
  const beating = worker.beat(ending.signal)
  try {
    await worker.run(stopping, signal)
  } finally {
    ending.abort()
    await beating
    await worker.close()
  }
}

class Worker {
  readonly #database: Database
  readonly #options: WorkerOptions
  readonly #onEvent: (event: WorkerEvent) => void
  readonly #id: number
  /** Units in progress by id, and how to stop each. */
  readonly #claims = new Map<string, { readonly claimed: Claimed; readonly stop: AbortController; video: string | null }>()
  /** Times of failed attempts to open the work of a job, by its number. */
  readonly #unable = new Map<number, number>()
  /** Units at which the engine ended since the last result. */
  readonly #crashed = new Set<string>()
  /** Whether the folder of the clips is lost. */
  #lost = false
  /** The last request for a unit. */
  #claiming: Promise<unknown> = Promise.resolve()
  #open: { readonly job: Job; readonly work: UnitWork } | null = null

  constructor(database: Database, options: WorkerOptions, onEvent: (event: WorkerEvent) => void, id: number) {
    this.#database = database
    this.#options = options
    this.#onEvent = onEvent
    this.#id = id
  }

  /** Tells every few seconds that this worker lives, returns the units of workers that do not, and stops units of cancelled jobs. */
  async beat(signal: AbortSignal): Promise<void> {
    const pause = (1000 * this.#options.lease) / BEATS
    while (!signal.aborted) {
      try {
        await sleep(pause, undefined, { signal })
        const cancelled = await heartbeat(this.#id, this.#database, signal)
        for (const { claimed, stop } of this.#claims.values()) if (cancelled.includes(claimed.job.id)) stop.abort()
        await returnUnitsOfDeadWorkers(this.#database, signal)
      } catch (error) {
        // The work meets the same failure when it stores its next result, and reports it.
        if (!isAbort(error) && !(error instanceof TarsierError)) throw error
      }
    }
  }

  async run(stopping: AbortSignal, signal: AbortSignal): Promise<void> {
    const idle = AbortSignal.any([stopping, signal])
    for (;;) {
      signal.throwIfAborted()
      if (stopping.aborted) return
      const jobs = await this.#jobs(signal)
      let worked = false
      for (const job of (await this.#hasClips()) ? jobs : []) {
        if (stopping.aborted) return
        if (!(await this.#database.transaction((connection) => hasTicket(job.id, connection), signal))) continue
        worked = await this.#workOn(job, stopping, signal)
        if (worked) break // begins again with the oldest job
      }
      if (worked) continue
      if (this.#options.drain) {
        const able = jobs.filter(({ id }) => !this.#unable.has(id))
        if (
          (await unfinished(
            able.map(({ id }) => id),
            this.#database,
            signal,
          )) === 0
        )
          return
      }
      await sleep(IDLE_MS, undefined, { signal: idle }).catch(() => {}) // checked at the start of the loop
    }
  }

  async close(): Promise<void> {
    await this.#open?.work[Symbol.asyncDispose]()
    // The driver does not wait for a unit that it asked for when it was stopped.
    await this.#claiming.catch(() => {})
    // Without a database the units are returned when the lease has ended.
    await leave(this.#id, this.#database, AbortSignal.timeout(LEAVE_MS)).catch(() => {})
  }

  /** Running jobs that this worker may do, the oldest first. */
  async #jobs(signal: AbortSignal): Promise<Job[]> {
    const { engines, model, job: only, tags, version, anyVersion } = this.#options
    const { jobs, unreadable } = await this.#database.transaction(runningJobs, signal)
    const concerns = ({ name, tag }: Pick<Job, 'name' | 'tag'>) => (only === null || name === only) && (tag === null || tags.includes(tag))
    // Which engine and model they are for is not known.
    for (const job of unreadable) if (concerns(job) && !this.#unable.has(job.id)) this.#refuse(job, job.error)
    return jobs.filter((job) => {
      if (!concerns(job)) return false
      if (!engines.includes(job.request.model.engine) || (model !== null && job.request.model.name !== model)) return false
      const failed = this.#unable.get(job.id)
      if (job.program !== version && !anyVersion) {
        if (failed === undefined) this.#refuse(job, otherVersion(job, version))
        return false
      }
      if (failed !== undefined && performance.now() - failed < RETRY_OPENING_MS) return false
      return true
    })
  }

  /** Whether the folder of the clips is there, as far as that is known. */
  async #hasClips(): Promise<boolean> {
    if (!this.#lost) return true
    if ((await this.#options.places.lost()) !== null) return false
    this.#lost = false
    this.#onEvent({ kind: 'folder', error: null })
    return true
  }

  #refuse(job: Pick<Job, 'id' | 'name'>, error: TarsierError): void {
    this.#unable.set(job.id, performance.now())
    this.#onEvent({ kind: 'unable', job, error })
  }

  /** Does units of a job until none waits. Returns whether it could. */
  async #workOn(job: Job, stopping: AbortSignal, signal: AbortSignal): Promise<boolean> {
    // Before a unit is taken: loading takes long, and a unit should not count as the cause if it fails.
    const work = await this.#workOf(job, signal)
    if (!work) return false
    const slots = Array.from({ length: work.slots }, (_, slot) => this.#slot(work, slot))
    await runJob<Claimed, object>(
      {
        source: this.#units(job, stopping, signal),
        workers: slots,
        // A host that is not allowed is the failure of a unit: another list may contain one of them.
        stoppingCodes: [...STOPPING_CODES.filter((code) => code !== 'not-allowed'), 'write-failed'],
        sinks: [{ onFailure: 'stops-job', write: (outcome) => this.#store(outcome, signal) }],
      },
      () => {},
      signal,
    )
    return true
  }

  /** The work of a job; what was opened for another job is closed. Null if it cannot be opened here. */
  async #workOf(job: Job, signal: AbortSignal): Promise<UnitWork | null> {
    if (this.#open?.job.id === job.id) return this.#open.work
    await this.#open?.work[Symbol.asyncDispose]()
    this.#open = null
    this.#onEvent({ kind: 'opening', job })
    try {
      const work = await this.#options.open(job, signal)
      this.#open = { job, work }
      this.#unable.delete(job.id)
      return work
    } catch (error) {
      if (isAbort(error)) throw error
      this.#refuse(job, asTarsierError(error))
      return null
    }
  }

  async *#units(job: Job, stopping: AbortSignal, signal: AbortSignal): AsyncGenerator<Claimed, void> {
    while (!stopping.aborted && !this.#lost) {
      const claiming = claim(job, [...this.#claims.keys()], this.#id, this.#database, signal)
      this.#claiming = claiming
      const claimed = await claiming
      if (claimed === null) return
      this.#claims.set(claimed.id, { claimed, stop: new AbortController(), video: null })
      yield claimed
    }
  }

  #slot(work: UnitWork, slot: number): Work<Claimed, object, never> {
    return async (claimed, _report, signal) => {
      const entry = this.#claims.get(claimed.id)
      if (!entry) throw new TarsierError('internal', 'A unit is worked on that was not taken. Please report it.')
      this.#onEvent({ kind: 'started', claimed })
      const stop = AbortSignal.any([signal, entry.stop.signal])
      try {
        const files = await this.#options.places.filesOf(claimed.unit, stop)
        entry.video = files.flat()[0] ?? null
        stop.throwIfAborted()
        return await work.do(claimed.unit, slot, files, stop)
      } catch (error) {
        // The job of this unit was cancelled, and the others go on.
        if (isAbort(error) && !signal.aborted) throw new TarsierError('queue-mismatch', 'The job was cancelled.')
        throw error
      } finally {
        await this.#options.places.release(claimed.unit)
      }
    }
  }

  async #store(outcome: Outcome<Claimed, object>, signal: AbortSignal): Promise<void> {
    const { clip: claimed } = outcome
    const entry = this.#claims.get(claimed.id)
    const lineOf = (error: Pick<TarsierError, 'code' | 'message'>) => JSON.stringify(failureLine(claimed.unit, error, entry?.video ?? null))
    try {
      if (entry?.stop.signal.aborted) return await dropClaim(claimed, this.#id, this.#database, signal)
      // Otherwise all further units would fail one after the other.
      const lost = outcome.kind === 'failed' ? await this.#options.places.lost(claimed.unit) : null
      if (lost !== null) {
        await giveBack(claimed, this.#id, this.#database, signal)
        if (!this.#lost) this.#onEvent({ kind: 'folder', error: lost })
        this.#lost = true
        return
      }
      if (outcome.kind === 'failed' && isProcessLost(outcome.error)) {
        const { error } = outcome
        await this.#database.transaction((connection) => giveBackCounted(claimed, error.toData(), lineOf, this.#id, connection), signal)
        this.#onEvent({ kind: 'returned', claimed, name: unitName(claimed.unit), error })
        this.#expectWorkingEngine(claimed, error)
        return
      }
      const error = outcome.kind === 'failed' ? outcome.error : null
      const result =
        outcome.kind === 'failed'
          ? { line: lineOf(outcome.error), code: outcome.error.code }
          : { line: JSON.stringify(outcome.result), code: null }
      await finish(claimed, result, this.#id, this.#database, signal)
      if (error === null) this.#crashed.clear()
      this.#onEvent({ kind: 'finished', claimed, name: unitName(claimed.unit), error })
    } finally {
      this.#claims.delete(claimed.id)
    }
  }

  /** Throws if the engine crashed at several units without a result between them: then the units are not the cause. */
  #expectWorkingEngine({ id }: Claimed, error: TarsierError): void {
    this.#crashed.add(id)
    if (this.#crashed.size < CRASHES_IN_A_ROW) return
    throw new TarsierError(
      'native-library',
      `The engine ended at ${this.#crashed.size} clips in a row, so the worker stops: ${error.message} Run "tarsier doctor" on this machine.`,
      { cause: error },
    )
  }
}

function otherVersion({ program }: Job, version: string): TarsierError {
  return new TarsierError(
    'queue-mismatch',
    `It was submitted by version ${program}, and this worker has version ${version}, whose results may differ. Install the same version, or start the worker with --any-version.`,
  )
}
