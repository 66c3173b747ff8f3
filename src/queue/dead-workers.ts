import { giveBackCounted } from './claims.ts'
import type { Database } from './database.ts'
import { SCHEMA } from './schema.ts'
import { unitSchema } from './unit.ts'
import { failureLine } from './unit-lines.ts'

/**
 * Returns the units of workers whose heartbeat has stopped for longer than their lease, and notes that these have ended. Any worker may do this for
 * all. Times are the database's, and those before its start do not count: while it was stopped, no worker could reach it.
 */
export async function returnUnitsOfDeadWorkers(database: Database, signal: AbortSignal): Promise<void> {
  for (;;) {
    const found = await database.transaction(async (connection) => {
      const [dead] = await connection.query<{ id: number; name: string }>(
        `select id, name from ${SCHEMA}.worker
         where ended is null and now() - greatest(seen, pg_postmaster_start_time()) > lease
         order by id limit 1 for update skip locked`,
      )
      if (!dead) return false
      const units = await connection.query<{ job: number; id: string; content: string }>(
        `select claim.job, unit.id, unit.content from ${SCHEMA}.claim join ${SCHEMA}.unit on unit.job = claim.job and unit.id = claim.unit
         where claim.worker = $1 for update of claim`,
        [dead.id],
      )
      const reason = { code: 'worker-lost', message: `The worker ${dead.name} ended while it worked on this clip.` } as const
      for (const { job, id, content } of units)
        await giveBackCounted(
          { job: { id: job }, id },
          reason,
          (error) => JSON.stringify(failureLine(unitSchema.parse(JSON.parse(content)), error)),
          dead.id,
          connection,
        )
      await connection.query(`update ${SCHEMA}.worker set ended = now() where id = $1`, [dead.id])
      return true
    }, signal)
    if (!found) return
  }
}
