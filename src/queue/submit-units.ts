import { TarsierError } from '../shared/errors.ts'
import type { Connection, Database } from './database.ts'
import type { Job } from './job-store.ts'
import { SCHEMA } from './schema.ts'
import { addTickets } from './tickets.ts'
import { type KeyedUnit, keyed, type Unit, unitName } from './unit.ts'

/** Units per transaction. */
const BATCH = 1000

export interface Submitted {
  /** Units that are new in the job. */
  readonly added: number
  /** Units that it had already. */
  readonly known: number
}

/**
 * Adds units to a job as they are read, a thousand at a time, so that memory does not grow with the list. Units that the job has are left as they
 * are. Stopped at any point and run again, it adds the rest.
 *
 * @throws `queue-mismatch` for a unit that the job has with another question, answer or text; those before it are added
 */
export async function submitUnits(
  job: Job,
  units: AsyncIterable<Unit>,
  database: Database,
  onProgress: (submitted: Submitted) => void,
  signal: AbortSignal,
): Promise<Submitted> {
  let added = 0
  let known = 0
  let batch = new Map<string, KeyedUnit>()
  const send = async () => {
    const sent = [...batch.values()]
    batch = new Map()
    const fresh = await database.transaction((connection) => insert(job, sent, connection), signal)
    added += fresh
    known += sent.length - fresh
    onProgress({ added, known })
  }
  for await (const unit of units) {
    signal.throwIfAborted()
    const next = keyed(unit)
    const twin = batch.get(next.id)
    if (twin && twin.content !== next.content) throw changed(job, next)
    if (twin) known += 1
    batch.set(next.id, next)
    if (batch.size >= BATCH) await send()
  }
  if (batch.size > 0) await send()
  return { added, known }
}

async function insert(job: Job, units: readonly KeyedUnit[], connection: Connection): Promise<number> {
  const values = [job.id, units.map(({ id }) => id), units.map(({ content }) => content)]
  const fresh = await connection.query<{ id: string }>(
    `insert into ${SCHEMA}.unit (job, id, content)
     select $1, id, content from unnest($2::uuid[], $3::text[]) with ordinality as given (id, content, place) order by place
     on conflict do nothing returning id`,
    values,
  )
  if (fresh.length < units.length) {
    const [other] = await connection.query<{ id: string }>(
      `select unit.id from unnest($2::uuid[], $3::text[]) as given (id, content)
       join ${SCHEMA}.unit on unit.job = $1 and unit.id = given.id and unit.content <> given.content limit 1`,
      values,
    )
    const unit = units.find(({ id }) => id === other?.id)
    if (unit) throw changed(job, unit)
  }
  await addTickets(
    job.id,
    fresh.map(({ id }) => id),
    connection,
  )
  await connection.query(`update ${SCHEMA}.job set units = units + $2 where id = $1`, [job.id, fresh.length])
  return fresh.length
}

function changed(job: Job, { content }: KeyedUnit): TarsierError {
  return new TarsierError(
    'queue-mismatch',
    `"${unitName(JSON.parse(content) as Unit)}" was submitted to the job "${job.name}" with another question, answer or text. Use the same list, or another name.`,
  )
}
