import PgBoss from 'pg-boss'
import type { Connection, Database } from './database.ts'
import { databaseError } from './database-error.ts'

/** Schema of pg-boss's tables, beside ours. */
export const BOSS_SCHEMA = 'tarsier_queue'

/** Tickets never expire by age: a worker whose heartbeat stops loses its units (see `dead-workers.ts`). */
const NEVER = { retryLimit: 0, expireInSeconds: 10 * 365 * 24 * 60 * 60, keepUntil: '9999-01-01T00:00:00Z' } as const

/** Name of a job's queue in pg-boss, which keeps each in a table of its own. */
function queueOf(job: number): string {
  return `job_${job}`
}

/**
 * The order of work: a ticket in pg-boss for each unit that waits or is in progress. All calls take part in the caller's transaction. pg-boss's
 * background tasks are not started: nothing here expires or is archived.
 */
const boss = new PgBoss({
  schema: BOSS_SCHEMA,
  migrate: true,
  supervise: false,
  schedule: false,
  db: {
    executeSql: () => {
      throw new Error('every call names its connection')
    },
  },
})

/** Creates pg-boss's tables, or brings them to the version of the installed package. */
export async function createTicketSchema(database: Database, signal: AbortSignal): Promise<void> {
  await withBoss(database, signal, async () => {})
}

/** Creates the queue of a job, if it has none yet. */
export async function createTicketQueue(job: number, database: Database, signal: AbortSignal): Promise<void> {
  await withBoss(database, signal, (own) => own.createQueue(queueOf(job)))
  // pg-boss sorts all waiting tickets for each fetch, which takes 0.2 s with half a million. With this index it reads the first ones.
  const [partition] = await database.query<{ name: string }>(
    `select partition_name as name from ${BOSS_SCHEMA}.queue where name = $1`,
    [queueOf(job)],
    signal,
  )
  if (partition)
    await database.query(
      `create index if not exists ${partition.name.slice(0, 40)}_next on ${BOSS_SCHEMA}.${partition.name} (priority desc, created_on, id) where state < 'active'`,
      [],
      signal,
    )
}

/** Deletes the queue of a job with all its tickets, if it still has one. pg-boss's own call refuses to delete a queue that has some. */
export async function deleteTicketQueue(job: number, database: Database, signal: AbortSignal): Promise<void> {
  await database.transaction(async (connection) => {
    await connection.query(`delete from ${BOSS_SCHEMA}.job where name = $1`, [queueOf(job)])
    await connection.query(`select ${BOSS_SCHEMA}.delete_queue(name) from ${BOSS_SCHEMA}.queue where name = $1`, [queueOf(job)])
  }, signal)
}

/** Adds tickets at the end. Units that have one already keep it. @param delay seconds before they are given to a worker */
export async function addTickets(job: number, units: readonly string[], connection: Connection, delay = 0): Promise<void> {
  if (units.length === 0) return
  const name = queueOf(job)
  const tickets = units.map((id) => ({ id, name, ...NEVER, ...(delay > 0 && { startAfter: `${delay} seconds` }) }))
  await boss.insert(tickets, { db: wrapped(connection).db })
}

/** Whether a unit of a job waits. */
export async function hasTicket(job: number, connection: Connection): Promise<boolean> {
  const [ticket] = await connection.query(
    `select id from ${BOSS_SCHEMA}.job where name = $1 and state < 'active' and start_after < now() limit 1`,
    [queueOf(job)],
  )
  return ticket !== undefined
}

/** Takes the next ticket, which no other worker gets, and returns its unit; null if none waits. */
export async function takeTicket(job: number, connection: Connection): Promise<string | null> {
  const { db, failure } = wrapped(connection)
  const [ticket] = await boss.fetch(queueOf(job), { db })
  // pg-boss returns no tickets if the statement fails.
  const error = failure()
  if (error !== null) throw error
  return ticket?.id ?? null
}

/** Removes the tickets of units that are done. */
export async function removeTickets(job: number, units: readonly string[], connection: Connection): Promise<void> {
  if (units.length > 0) await boss.deleteJob(queueOf(job), [...units], { db: wrapped(connection).db })
}

/** pg-boss has no option for the connection in these calls, so they get an instance of their own. */
async function withBoss(database: Database, signal: AbortSignal, work: (own: PgBoss) => Promise<void>): Promise<void> {
  const db = { executeSql: async (sql: string, values: unknown[]) => ({ rows: await database.query<object>(sql, values ?? [], signal) }) }
  const own = new PgBoss({ schema: BOSS_SCHEMA, migrate: true, supervise: false, schedule: false, db })
  try {
    await own.start()
    await work(own)
  } catch (error) {
    throw databaseError(error, database.address)
  }
}

function wrapped(connection: Connection): { readonly db: PgBoss.Db; failure(): unknown } {
  let failed: unknown = null
  const db = {
    async executeSql(sql: string, values: unknown[]) {
      try {
        return { rows: await connection.query<object>(sql, values) }
      } catch (error) {
        failed = error
        throw error
      }
    },
  }
  return { db, failure: () => failed }
}
