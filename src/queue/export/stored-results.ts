import { TarsierError } from '../../shared/errors.ts'
import type { Database } from '../database.ts'
import type { Job } from '../job-store.ts'
import { SCHEMA } from '../schema.ts'

/** Text of the rows per page, roughly. Results have up to a megabyte each. */
const PAGE_CHARACTERS = 4_000_000
const MAX_ROWS = 2000

export interface StoredResult {
  /** The line of JSON, as a run on one machine writes it. */
  readonly line: string
  /** Null if the unit did not fail. */
  readonly code: string | null
  readonly finished: Date
  readonly worker: string
}

/** A unit of a job with its result. */
export interface StoredUnit {
  /** The unit as it was submitted. */
  readonly content: string
  /** Null if it has none yet. */
  readonly result: StoredResult | null
}

type ExportedJob = Pick<Job, 'id' | 'name'>

/**
 * Calls `take` with the results that a job has, in the order in which its units were submitted, page by page. Nothing of the database is held while
 * `take` writes them, which may take hours on a slow disk: a result that is stored meanwhile is read if its unit comes later. Throws `nothing-found` if
 * the job is deleted meanwhile.
 */
export async function readResults(
  job: ExportedJob,
  database: Database,
  take: (page: readonly StoredResult[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await readPages<StoredResult>(
    job,
    database,
    `select position, line, code, finished, worker.name as worker from ${SCHEMA}.unit
     join ${SCHEMA}.result on result.job = unit.job and result.unit = unit.id
     join ${SCHEMA}.worker on worker.id = result.worker
     where unit.job = $1 and position > $2 order by position limit $3`,
    ({ line }) => line.length,
    take,
    signal,
  )
}

/** As {@link readResults}, with all units, also those without a result. */
export async function readUnits(
  job: ExportedJob,
  database: Database,
  take: (page: readonly StoredUnit[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await readPages<{ readonly content: string; readonly line: string | null } & Omit<StoredResult, 'line'>>(
    job,
    database,
    `select position, content, line, code, finished, worker.name as worker from ${SCHEMA}.unit
     left join ${SCHEMA}.result on result.job = unit.job and result.unit = unit.id
     left join ${SCHEMA}.worker on worker.id = result.worker
     where unit.job = $1 and position > $2 order by position limit $3`,
    ({ content, line }) => content.length + (line?.length ?? 0),
    (page) => take(page.map(({ content, line, ...result }) => ({ content, result: line === null ? null : { line, ...result } }))),
    signal,
  )
}

async function readPages<Row extends object>(
  { id, name }: ExportedJob,
  database: Database,
  sql: string,
  lengthOf: (row: Row) => number,
  take: (page: readonly Row[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let after = '0'
  let rows = 16
  for (;;) {
    signal.throwIfAborted()
    const page = await database.query<Row & { readonly position: string }>(sql, [id, after, rows], signal)
    const last = page.at(-1)
    if (!last) break
    after = last.position
    await take(page)
    const characters = page.reduce((sum, row) => sum + lengthOf(row), 0)
    rows = Math.max(1, Math.min(MAX_ROWS, Math.floor(PAGE_CHARACTERS / (characters / page.length))))
  }
  // The results of a deleted job end too early.
  const there = await database.query(`select 1 from ${SCHEMA}.job where id = $1`, [id], signal)
  if (there.length === 0)
    throw new TarsierError('nothing-found', `The job "${name}" was deleted while its results were read. Submit it again.`)
}
