import { TarsierError } from '../shared/errors.ts'
import type { Connection, Database } from './database.ts'
import { BOSS_SCHEMA, createTicketSchema } from './tickets.ts'

export const SCHEMA = 'tarsier'

/**
 * Steps from each version of the schema to the next. Steps of published versions never change; a change of the schema is a further step.
 *
 * `unit` is written once, when a job is submitted, and `result` once, when a unit is done or has failed. What changes while workers run is small:
 * a claim for each unit in progress, the attempts of those that ended a worker or its engine, and a row of counts for each worker and job.
 */
const STEPS: readonly (readonly string[])[] = [
  [
    `create table ${SCHEMA}.job (
      id int generated always as identity primary key,
      name text not null unique,
      task text not null,
      tag text,
      request text not null,
      settings text not null,
      program text not null,
      state text not null default 'running' check (state in ('running', 'paused', 'cancelled')),
      units bigint not null default 0,
      created timestamptz not null default now()
    )`,
    `create table ${SCHEMA}.unit (
      job int not null references ${SCHEMA}.job on delete cascade,
      id uuid not null,
      position bigint generated always as identity,
      content text not null,
      primary key (job, id)
    )`,
    `create unique index unit_order on ${SCHEMA}.unit (job, position)`,
    `create table ${SCHEMA}.worker (
      id int generated always as identity primary key,
      name text not null,
      program text not null,
      lease interval not null,
      started timestamptz not null default now(),
      seen timestamptz not null default now(),
      ended timestamptz
    )`,
    `create table ${SCHEMA}.claim (
      job int not null references ${SCHEMA}.job on delete cascade,
      unit uuid not null,
      worker int not null references ${SCHEMA}.worker,
      since timestamptz not null default now(),
      primary key (job, unit)
    )`,
    `create index claim_worker on ${SCHEMA}.claim (worker)`,
    `create table ${SCHEMA}.attempt (
      job int not null references ${SCHEMA}.job on delete cascade,
      unit uuid not null,
      count int not null,
      code text not null,
      reason text not null,
      primary key (job, unit)
    )`,
    `create table ${SCHEMA}.result (
      job int not null references ${SCHEMA}.job on delete cascade,
      unit uuid not null,
      worker int not null references ${SCHEMA}.worker,
      code text,
      line text not null,
      finished timestamptz not null default now(),
      primary key (job, unit)
    )`,
    `create index result_finished on ${SCHEMA}.result (job, finished)`,
    `create index result_failed on ${SCHEMA}.result (job, code) where code is not null`,
    `create table ${SCHEMA}.tally (
      job int not null references ${SCHEMA}.job on delete cascade,
      worker int not null references ${SCHEMA}.worker,
      done bigint not null,
      failed bigint not null,
      primary key (job, worker)
    )`,
  ],
]

/** Version of the schema that this program reads and writes. */
export const SCHEMA_VERSION = STEPS.length

/** Serializes migrations; any number that no other program uses. */
const LOCK = 7_215_117

/**
 * Creates the schema, or brings it to this program's version. Does nothing, and needs no rights for it, if it has that version. Throws `queue-newer`
 * if a newer program has changed it, `queue-denied` if the user may not create or change it.
 */
export async function migrate(database: Database, signal: AbortSignal): Promise<void> {
  const found = await database.transaction(versionOf, signal)
  if (found === SCHEMA_VERSION) return
  expectNotNewer(found)
  await createTicketSchema(database, signal)
  await database.transaction(async (connection) => {
    await connection.query('select pg_advisory_xact_lock($1)', [LOCK])
    await connection.query(`create schema if not exists ${SCHEMA}`)
    await connection.query(`create table if not exists ${SCHEMA}.version (id int primary key check (id = 1), version int not null)`)
    const there = (await versionOf(connection)) ?? 0
    expectNotNewer(there)
    for (const step of STEPS.slice(there)) for (const sql of step) await connection.query(sql)
    await connection.query(
      `insert into ${SCHEMA}.version (id, version) values (1, $1) on conflict (id) do update set version = excluded.version`,
      [SCHEMA_VERSION],
    )
  }, signal)
}

/** Throws `queue-newer` if the schema has another version than this program's, as after an update of another machine. */
export async function expectVersion(connection: Connection): Promise<void> {
  const found = await versionOf(connection)
  if (found !== SCHEMA_VERSION) throw newer(found ?? 0)
}

async function versionOf(connection: Connection): Promise<number | null> {
  const [there] = await connection.query<{ there: boolean }>(`select to_regclass('${SCHEMA}.version') is not null as there`)
  if (!there?.there) return null
  const [row] = await connection.query<{ version: number }>(`select version from ${SCHEMA}.version`)
  return row?.version ?? null
}

function expectNotNewer(found: number | null): void {
  if (found !== null && found > SCHEMA_VERSION) throw newer(found)
}

function newer(found: number): TarsierError {
  return new TarsierError(
    'queue-newer',
    `The tables of the queue (schemas ${SCHEMA} and ${BOSS_SCHEMA}) have version ${found}, but this program reads version ${SCHEMA_VERSION}. Install the version of Tarsier Desktop that the other machines have.`,
    { details: { found, expected: SCHEMA_VERSION } },
  )
}
