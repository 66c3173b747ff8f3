import { Database } from '../../src/queue/database.ts'
import { openQueue } from '../../src/queue/open-queue.ts'
import { type Unit, unitName } from '../../src/queue/unit.ts'
import { runWorker } from '../../src/queue/worker.ts'
import { never, submitted, unitsNamed, workerOptions } from '../../test/engine/queue/idle-work.ts'
import { Postgres } from '../../test/helpers/postgres.ts'
import { costOnce, type Growth } from './growth-cost.ts'

const WORKERS = [1, 2, 4]
/** Units per worker. */
const UNITS = 150

/** Costs of workers that do units without work; each does the same number of them. PostgreSQL's own time is not included. */
export async function workerCosts(bin: string): Promise<Growth[]> {
  await using server = await Postgres.start(bin)
  const points = []
  for (const size of WORKERS) {
    const url = await server.database(`growth_${size}`)
    await using queue = await openQueue(url, never)
    await submitted('growth', unitsNamed(UNITS * size), queue)
    const work = async (unit: Unit) => ({ file: unitName(unit) })
    const cost = await costOnce(() =>
      Promise.all(
        Array.from({ length: size }, async () => {
          await using own = new Database(url, { connections: 2 })
          await runWorker(own, await workerOptions(work), () => {}, never, never)
        }),
      ),
    )
    points.push({ size, cost })
  }
  return [{ what: 'workers, the same work each', points }]
}
