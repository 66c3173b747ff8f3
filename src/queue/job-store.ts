import { isDeepStrictEqual } from 'node:util'
import { type RunSettings, settingDifferences } from '../bench/run/run-settings.ts'
import type { QueueJobState } from '../shared/contract/queue.ts'
import { TarsierError } from '../shared/errors.ts'
import type { Connection, Database } from './database.ts'
import { type JobRequest, jobRequestSchema } from './job-request.ts'
import { SCHEMA } from './schema.ts'
import { addTickets, createTicketQueue, deleteTicketQueue } from './tickets.ts'

/** A job as its row in the database. */
export interface Job {
  readonly id: number
  readonly name: string
  readonly request: JobRequest
  /** Settings that determine the results, as a run on one machine stores them in `run.json`. */
  readonly settings: RunSettings
  /** Only workers with this tag take units of the job; null for all workers. */
  readonly tag: string | null
  /** Version of the program that submitted the job. */
  readonly program: string
  readonly state: QueueJobState
}

/** A job whose request this program cannot read. */
export interface UnreadableJob extends Pick<Job, 'id' | 'name' | 'tag'> {
  readonly error: TarsierError
}

export interface NewJob extends Pick<Job, 'name' | 'request' | 'settings' | 'tag' | 'program'> {}

interface JobRow {
  readonly id: number
  readonly name: string
  readonly tag: string | null
  readonly request: string
  readonly settings: string
  readonly program: string
  readonly state: QueueJobState
}

const COLUMNS = 'id, name, tag, request, settings, program, state'
/** Units per transaction when failed ones are put back. */
const RETRY_BATCH = 2000

/**
 * Stores a job, or returns the one with this name. Throws `queue-mismatch` with the differing settings if that was submitted with others, or if it
 * was cancelled.
 */
export async function openJob(job: NewJob, database: Database, signal: AbortSignal): Promise<Job> {
  await database.query(
    `insert into ${SCHEMA}.job (name, task, tag, request, settings, program) values ($1, $2, $3, $4, $5, $6) on conflict (name) do nothing`,
    [job.name, job.request.task, job.tag, JSON.stringify(job.request), JSON.stringify(job.settings), job.program],
    signal,
  )
  const there = await findJob(job.name, database, signal)
  if (there.state === 'cancelled')
    throw new TarsierError(
      'queue-mismatch',
      `The job "${job.name}" was cancelled. Give another name, or remove it with "tarsier jobs cancel --delete".`,
    )
  const differences = [
    ...settingDifferences(there.settings, job.settings),
    ...(there.request.task === job.request.task ? [] : [`task was ${there.request.task} and is ${job.request.task}`]),
    ...(there.tag === job.tag ? [] : [`tag was ${there.tag ?? 'not set'} and is ${job.tag ?? 'not set'}`]),
  ]
  // Parts of the request that are no settings, such as the question about each clip.
  if (differences.length === 0 && !isDeepStrictEqual(there.request, job.request))
    differences.push(...requestDifferences(there.request, job.request))
  if (differences.length > 0)
    throw new TarsierError(
      'queue-mismatch',
      `The job "${job.name}" has other settings: ${differences.join('; ')}. Use the same settings, or another name.`,
      { details: { differences } },
    )
  await createTicketQueue(there.id, database, signal)
  return there
}

/** Throws `nothing-found` for an unknown name, `queue-newer` for a job whose request this program cannot read. */
export async function findJob(name: string, database: Database, signal: AbortSignal): Promise<Job> {
  const row = await findRow(name, database, signal)
  const request = requestIn(row)
  if (!request) throw unreadable(row)
  return jobOf(row, request)
}

/** Throws `nothing-found` for an unknown name. The request may be one of a newer version, which does not matter for the job's state. */
async function findRow(name: string, database: Database, signal: AbortSignal): Promise<JobRow> {
  const [row] = await database.query<JobRow>(`select ${COLUMNS} from ${SCHEMA}.job where name = $1`, [name], signal)
  if (!row) throw new TarsierError('nothing-found', `The queue has no job "${name}". "tarsier jobs list" shows all jobs.`)
  return row
}

/** All jobs that are not paused or cancelled, the oldest first, and those whose request this program cannot read, as one of a newer version. */
export async function runningJobs(
  connection: Connection,
): Promise<{ readonly jobs: readonly Job[]; readonly unreadable: readonly UnreadableJob[] }> {
  const rows = await connection.query<JobRow>(`select ${COLUMNS} from ${SCHEMA}.job where state = 'running' order by id`)
  const read = rows.map((row) => ({ row, request: requestIn(row) }))
  return {
    jobs: read.flatMap(({ row, request }) => (request ? [jobOf(row, request)] : [])),
    unreadable: read.flatMap(({ row, request }) => (request ? [] : [{ id: row.id, name: row.name, tag: row.tag, error: unreadable(row) }])),
  }
}

/** Pauses or continues a job. Units in progress are finished. Throws `queue-mismatch` for a cancelled job. */
export async function setJobState(name: string, state: 'running' | 'paused', database: Database, signal: AbortSignal): Promise<void> {
  const job = await findRow(name, database, signal)
  const [changed] = await database.query<{ id: number }>(
    `update ${SCHEMA}.job set state = $2 where id = $1 and state <> 'cancelled' returning id`,
    [job.id, state],
    signal,
  )
  if (!changed)
    throw new TarsierError('queue-mismatch', `The job "${name}" was cancelled and cannot be continued. Submit it under another name.`)
}

/** Ends a job: its waiting units are dropped, workers stop those in progress with their next heartbeat, and its results stay. */
export async function cancelJob(name: string, database: Database, signal: AbortSignal): Promise<void> {
  const job = await findRow(name, database, signal)
  await database.query(`update ${SCHEMA}.job set state = 'cancelled' where id = $1`, [job.id], signal)
  await deleteTicketQueue(job.id, database, signal)
}

/** Deletes a job with its units and results. */
export async function deleteJob(name: string, database: Database, signal: AbortSignal): Promise<void> {
  const job = await findRow(name, database, signal)
  await cancelJob(name, database, signal)
  await database.query(`delete from ${SCHEMA}.job where id = $1`, [job.id], signal)
}

/**
 * Puts the failed units of a job back into its queue, and returns their number. Units that fail again meanwhile stay failed: a worker that fails fast
 * would otherwise keep this from ending.
 * @param code only those that failed with this code
 */
export async function retryFailed(name: string, code: string | null, database: Database, signal: AbortSignal): Promise<number> {
  const job = await findRow(name, database, signal)
  if (job.state === 'cancelled')
    throw new TarsierError('queue-mismatch', `The job "${name}" was cancelled and cannot be continued. Submit it under another name.`)
  // As text, because a Date has no microseconds.
  const [clock] = await database.query<{ now: string }>('select now()::text as now', [], signal)
  let retried = 0
  for (;;) {
    const count = await database.transaction(async (connection) => {
      const removed = await connection.query<{ unit: string; worker: number }>(
        `delete from ${SCHEMA}.result where job = $1 and unit in (
           select unit from ${SCHEMA}.result
           where job = $1 and code is not null and ($2::text is null or code = $2) and finished <= $3::timestamptz limit ${RETRY_BATCH} for update
         ) returning unit, worker`,
        [job.id, code, clock?.now],
      )
      const units = removed.map(({ unit }) => unit)
      await connection.query(`delete from ${SCHEMA}.attempt where job = $1 and unit = any($2)`, [job.id, units])
      const byWorker = new Map<number, number>()
      for (const { worker } of removed) byWorker.set(worker, (byWorker.get(worker) ?? 0) + 1)
      for (const [worker, failed] of byWorker)
        await connection.query(`update ${SCHEMA}.tally set failed = failed - $3 where job = $1 and worker = $2`, [job.id, worker, failed])
      await addTickets(job.id, units, connection)
      return units.length
    }, signal)
    if (count === 0) return retried
    retried += count
  }
}

/** The request of a job; null if this program cannot read it. */
function requestIn({ request }: JobRow): JobRequest | null {
  const parsed = jobRequestSchema.safeParse(JSON.parse(request))
  return parsed.success ? parsed.data : null
}

function jobOf({ settings, ...row }: JobRow, request: JobRequest): Job {
  return { ...row, request, settings: JSON.parse(settings) as RunSettings }
}

function unreadable({ name, program }: JobRow): TarsierError {
  return new TarsierError(
    'queue-newer',
    `The job "${name}" was submitted by another version of Tarsier Desktop (${program}), whose jobs this one cannot read. Install the same version.`,
  )
}

function requestDifferences(before: JobRequest, now: JobRequest): string[] {
  const plain = (request: JobRequest) =>
    ({ ...request, ...request.events, model: request.model.name, events: null }) as unknown as RunSettings
  const found = settingDifferences(plain(before), plain(now))
  return found.length > 0 ? found : ['the model is another one']
}
