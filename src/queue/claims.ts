import { hostname } from 'node:os'
import type { ErrorData } from '../shared/errors.ts'
import type { Connection, Database } from './database.ts'
import type { Job } from './job-store.ts'
import { expectVersion, SCHEMA } from './schema.ts'
import { addTickets, removeTickets, takeTicket } from './tickets.ts'
import { type Unit, unitSchema } from './unit.ts'

/** A unit that a worker has taken. */
export interface Claimed {
  readonly job: Job
  readonly id: string
  readonly unit: Unit
}

/** The result of a unit, as a line of JSON. `code` is the failure's, null if there is none. */
export interface UnitResult {
  readonly line: string
  readonly code: string | null
}

/** How often a worker or its engine may end at a unit before the unit has failed. */
export const MAX_ATTEMPTS = 3
/** Seconds before a unit that ended a worker or its engine is given to one again, so that others come first. */
const RETURN_DELAY = 5

/** Enters a worker in the database and returns its number. @param lease seconds without a heartbeat after which it counts as dead */
export async function enterWorker(program: string, lease: number, database: Database, signal: AbortSignal): Promise<number> {
  const [row] = await database.query<{ id: number }>(
    `insert into ${SCHEMA}.worker (name, program, lease) values ($1, $2, $3 * interval '1 second') returning id`,
    [`${hostname()}:${process.pid}`, program, lease],
    signal,
  )
  return row?.id ?? 0
}

/** Tells that a worker lives, and returns the jobs of its units that were cancelled. All times are the database's. */
export async function heartbeat(worker: number, database: Database, signal: AbortSignal): Promise<number[]> {
  return await database.transaction(async (connection) => {
    await connection.query(`update ${SCHEMA}.worker set seen = now(), ended = null where id = $1`, [worker])
    const rows = await connection.query<{ job: number }>(
      `select distinct job from ${SCHEMA}.claim join ${SCHEMA}.job on job.id = claim.job where worker = $1 and state = 'cancelled'`,
      [worker],
    )
    return rows.map(({ job }) => job)
  }, signal)
}

/**
 * Takes a unit of a job for a worker; null if no unit waits or the job is not running. Throws `queue-newer`.
 * @param known units that the worker has. If the database has further ones for it, the answer to an earlier call was lost, and one of them is taken.
 */
export async function claim(
  job: Job,
  known: readonly string[],
  worker: number,
  database: Database,
  signal: AbortSignal,
): Promise<Claimed | null> {
  return await database.transaction(async (connection) => {
    await expectVersion(connection)
    const [state] = await connection.query(`select id from ${SCHEMA}.job where id = $1 and state = 'running'`, [job.id])
    if (!state) return null
    const [lost] = await connection.query<{ unit: string }>(
      `select unit from ${SCHEMA}.claim where worker = $1 and job = $2 and unit <> all ($3::uuid[]) limit 1`,
      [worker, job.id, known],
    )
    const unit = lost?.unit ?? (await takeTicket(job.id, connection))
    if (unit === null) return null
    await connection.query(
      `insert into ${SCHEMA}.claim (job, unit, worker) values ($1, $2, $3)
       on conflict (job, unit) do update set worker = excluded.worker, since = now()`,
      [job.id, unit, worker],
    )
    const [row] = await connection.query<{ content: string }>(`select content from ${SCHEMA}.unit where job = $1 and id = $2`, [
      job.id,
      unit,
    ])
    return row ? { job, id: unit, unit: unitSchema.parse(JSON.parse(row.content)) } : null
  }, signal)
}

/** Ends the work on a unit of a cancelled job, without a result. */
export async function dropClaim(
  { job, id }: Pick<Claimed, 'job' | 'id'>,
  worker: number,
  database: Database,
  signal: AbortSignal,
): Promise<void> {
  await database.query(`delete from ${SCHEMA}.claim where job = $1 and unit = $2 and worker = $3`, [job.id, id, worker], signal)
}

/**
 * Stores the result of a unit and ends its work, in one transaction. If the unit has a result already, because the worker had counted as dead, that
 * one stays. Returns whether this result was stored.
 */
export async function finish(
  { job, id }: Pick<Claimed, 'job' | 'id'>,
  result: UnitResult,
  worker: number,
  database: Database,
  signal: AbortSignal,
): Promise<boolean> {
  return await database.transaction((connection) => storeResult(job.id, id, result, worker, connection), signal)
}

/** Gives back what a worker has not finished, for other workers, and notes that it ends. */
export async function leave(worker: number, database: Database, signal: AbortSignal): Promise<void> {
  await database.transaction(async (connection) => {
    const units = await connection.query<{ job: number; unit: string }>(
      `delete from ${SCHEMA}.claim where worker = $1 returning job, unit`,
      [worker],
    )
    for (const { job, unit } of units) await putBack(job, unit, 0, connection)
    await connection.query(`update ${SCHEMA}.worker set ended = now() where id = $1`, [worker])
  }, signal)
}

/** Gives back a unit that this worker cannot do now, for a reason that lies not in the unit. */
export async function giveBack(
  { job, id }: Pick<Claimed, 'job' | 'id'>,
  worker: number,
  database: Database,
  signal: AbortSignal,
): Promise<void> {
  await database.transaction(async (connection) => {
    const [mine] = await connection.query(`delete from ${SCHEMA}.claim where job = $1 and unit = $2 and worker = $3 returning unit`, [
      job.id,
      id,
      worker,
    ])
    if (mine) await putBack(job.id, id, 0, connection)
  }, signal)
}

/**
 * Returns a unit at which a worker or its engine ended. The third time, the unit fails with the reason.
 * @param failed the line of the unit's failure
 */
export async function giveBackCounted(
  unit: Pick<Claimed, 'id'> & { readonly job: { readonly id: number } },
  reason: ErrorData,
  failed: (error: ErrorData) => string,
  worker: number,
  connection: Connection,
): Promise<void> {
  const { job, id } = unit
  const [mine] = await connection.query(`delete from ${SCHEMA}.claim where job = $1 and unit = $2 and worker = $3 returning unit`, [
    job.id,
    id,
    worker,
  ])
  if (!mine) return // it has been returned already
  const [attempt] = await connection.query<{ count: number }>(
    `insert into ${SCHEMA}.attempt (job, unit, count, code, reason) values ($1, $2, 1, $3, $4)
     on conflict (job, unit) do update set count = attempt.count + 1, code = excluded.code, reason = excluded.reason returning count`,
    [job.id, id, reason.code, reason.message],
  )
  const count = attempt?.count ?? 1
  if (count < MAX_ATTEMPTS) {
    await putBack(job.id, id, RETURN_DELAY, connection)
    return
  }
  const error = { ...reason, message: `${reason.message} It happened ${count} times at this clip, so it is not tried again.` }
  await storeResult(job.id, id, { line: failed(error), code: error.code }, worker, connection)
}

async function putBack(job: number, unit: string, delay: number, connection: Connection): Promise<void> {
  await removeTickets(job, [unit], connection)
  const [done] = await connection.query(`select unit from ${SCHEMA}.result where job = $1 and unit = $2`, [job, unit])
  if (!done) await addTickets(job, [unit], connection, delay)
}

async function storeResult(
  job: number,
  unit: string,
  { line, code }: UnitResult,
  worker: number,
  connection: Connection,
): Promise<boolean> {
  const [stored] = await connection.query(
    `insert into ${SCHEMA}.result (job, unit, worker, line, code) select $1, $2, $3, $4, $5 from ${SCHEMA}.job where id = $1
     on conflict do nothing returning unit`,
    [job, unit, worker, line, code],
  )
  if (stored)
    await connection.query(
      `insert into ${SCHEMA}.tally (job, worker, done, failed) values ($1, $2, $3, $4)
       on conflict (job, worker) do update set done = tally.done + excluded.done, failed = tally.failed + excluded.failed`,
      [job, worker, code === null ? 1 : 0, code === null ? 0 : 1],
    )
  await connection.query(`delete from ${SCHEMA}.claim where job = $1 and unit = $2 and worker = $3`, [job, unit, worker])
  await removeTickets(job, [unit], connection)
  return stored !== undefined
}
