import type { QueueJob, QueueJobDetails, QueueJobState, QueueTask } from '../shared/contract/queue.ts'
import type { Database } from './database.ts'
import { SCHEMA } from './schema.ts'

/** Seconds over which rates are measured. */
const RATE_SECONDS = 300

interface Row {
  readonly id: number
  readonly name: string
  readonly task: QueueTask
  readonly request: string
  readonly tag: string | null
  readonly state: QueueJobState
  readonly units: string
  readonly done: string
  readonly failed: string
  readonly running: string
  readonly recent: string
  readonly seconds: number | null
  readonly created: number
}

/** Progress of all jobs, or of one, the newest first. */
export async function jobProgress(database: Database, signal: AbortSignal, name: string | null = null): Promise<QueueJob[]> {
  return (await rowsOf(database, signal, name)).map(progressOf)
}

/** Progress of one job with its workers and failures; null if there is none with this name. */
export async function jobDetails(name: string, database: Database, signal: AbortSignal): Promise<QueueJobDetails | null> {
  const [row] = await rowsOf(database, signal, name)
  if (!row) return null
  const workers = await database.query<{
    name: string
    program: string
    alive: boolean
    running: string
    done: string
    failed: string
    recent: string
    seconds: number | null
  }>(
    `select worker.name, worker.program,
       ended is null and now() - greatest(seen, pg_postmaster_start_time()) <= lease as alive,
       (select count(*) from ${SCHEMA}.claim where claim.job = $1 and claim.worker = worker.id) as running,
       coalesce(tally.done, 0) as done, coalesce(tally.failed, 0) as failed, recent.count as recent, recent.seconds
     from ${SCHEMA}.worker
     left join ${SCHEMA}.tally on tally.job = $1 and tally.worker = worker.id
     left join lateral (
       select count(*) as count, extract(epoch from now() - min(finished))::float8 as seconds from ${SCHEMA}.result
       where result.job = $1 and result.worker = worker.id and finished > now() - interval '${RATE_SECONDS} seconds'
     ) recent on true
     where tally.job is not null or exists (select from ${SCHEMA}.claim where claim.job = $1 and claim.worker = worker.id)
     order by worker.id`,
    [row.id],
    signal,
  )
  const failures = await database.query<{ code: string; count: string; line: string }>(
    `select code, count(*) as count, min(left(line, 100000)) as line from ${SCHEMA}.result where job = $1 and code is not null group by code order by count(*) desc`,
    [row.id],
    signal,
  )
  return {
    ...progressOf(row),
    workers: workers.map(({ running, done, failed, recent, seconds, ...worker }) => ({
      ...worker,
      running: Number(running),
      done: Number(done),
      failed: Number(failed),
      perMinute: rate(Number(recent), seconds),
    })),
    failures: failures.map(({ code, count, line }) => ({ code, count: Number(count), example: messageIn(line) })),
  }
}

/** Numbers of units that wait or are in progress in running jobs. */
export async function unfinished(jobs: readonly number[], database: Database, signal: AbortSignal): Promise<number> {
  const [row] = await database.query<{ left: string }>(
    `select coalesce(sum(units - coalesce((select sum(done + failed) from ${SCHEMA}.tally where tally.job = job.id), 0)), 0) as left
     from ${SCHEMA}.job where id = any($1) and state = 'running'`,
    [jobs],
    signal,
  )
  return Number(row?.left ?? 0)
}

async function rowsOf(database: Database, signal: AbortSignal, name: string | null): Promise<Row[]> {
  return await database.query<Row>(
    `select job.id, job.name, task, request, tag, state, units, extract(epoch from created)::float8 * 1000 as created,
       coalesce(counts.done, 0) as done, coalesce(counts.failed, 0) as failed,
       (select count(*) from ${SCHEMA}.claim where claim.job = job.id) as running, recent.count as recent, recent.seconds
     from ${SCHEMA}.job
     left join lateral (select sum(done) as done, sum(failed) as failed from ${SCHEMA}.tally where tally.job = job.id) counts on true
     left join lateral (
       select count(*) as count, extract(epoch from now() - min(finished))::float8 as seconds from ${SCHEMA}.result
       where result.job = job.id and finished > now() - interval '${RATE_SECONDS} seconds'
     ) recent on true
     where $1::text is null or job.name = $1 order by job.id desc`,
    [name],
    signal,
  )
}

function progressOf({ id: _, request, units, done, failed, running, recent, seconds, ...row }: Row): QueueJob {
  const perMinute = rate(Number(recent), seconds)
  const left = Number(units) - Number(done) - Number(failed)
  return {
    ...row,
    model: modelIn(request),
    units: Number(units),
    done: Number(done),
    failed: Number(failed),
    running: Number(running),
    perMinute,
    secondsLeft: row.state === 'running' && left > 0 && perMinute !== null ? (left / perMinute) * 60 : null,
  }
}

/** Units per minute; null if none was finished, or only a moment ago. */
function rate(count: number, seconds: number | null): number | null {
  return count === 0 || seconds === null || seconds < 1 ? null : (count * 60) / seconds
}

function modelIn(request: string): string {
  const { model } = JSON.parse(request) as { model?: { name?: unknown } }
  return typeof model?.name === 'string' ? model.name : ''
}

/** The message in a failed line; empty if the line was cut off. */
function messageIn(line: string): string {
  try {
    const { error } = JSON.parse(line) as { error?: { message?: unknown } | null }
    return typeof error?.message === 'string' ? error.message : ''
  } catch {
    return ''
  }
}
