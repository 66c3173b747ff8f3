import type { Database } from '../database.ts'
import type { Job } from '../job-store.ts'
import { SCHEMA } from '../schema.ts'

/** Text of the lines per page, roughly. Results have up to a megabyte each. */
const PAGE_CHARACTERS = 4_000_000
const MAX_ROWS = 2000

export interface StoredResult {
  /** The line of JSON, as a run on one machine writes it. */
  readonly line: string
  /** Null if the unit did not fail. */
  readonly code: string | null
  readonly finished: Date
  readonly worker: string
  /** The unit as it was submitted; null unless units were asked for. */
  readonly content: string | null
}

/**
 * Calls `take` with the results of a job in the order in which its units were submitted, page by page, as they are at one moment.
 * @param options `units`: also reads the units, which are about as large as their results. Defaults to false.
 */
export async function readResults(
  { id }: Pick<Job, 'id'>,
  database: Database,
  take: (page: readonly StoredResult[]) => Promise<void>,
  signal: AbortSignal,
  { units = false }: { readonly units?: boolean } = {},
): Promise<void> {
  await database.snapshot(async (connection) => {
    let after = '0'
    let rows = 16
    for (;;) {
      signal.throwIfAborted()
      const page = await connection.query<StoredResult & { position: string }>(
        `select position, line, code, finished, worker.name as worker, case when $4 then content end as content from ${SCHEMA}.unit
         join ${SCHEMA}.result on result.job = unit.job and result.unit = unit.id
         join ${SCHEMA}.worker on worker.id = result.worker
         where unit.job = $1 and position > $2 order by position limit $3`,
        [id, after, rows, units],
      )
      const last = page.at(-1)
      if (!last) return
      after = last.position
      await take(page)
      const characters = page.reduce((sum, { line }) => sum + line.length, 0)
      rows = Math.max(1, Math.min(MAX_ROWS, Math.floor(PAGE_CHARACTERS / (characters / page.length))))
    }
  })
}
