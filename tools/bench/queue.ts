import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findPostgres } from '../../scripts/find-postgres.mjs'
import { Database } from '../../src/queue/database.ts'
import { readResults } from '../../src/queue/export/stored-results.ts'
import { type FileFormat, openWriter } from '../../src/queue/export/write-export.ts'
import type { Job } from '../../src/queue/job-store.ts'
import { openQueue } from '../../src/queue/open-queue.ts'
import { submitUnits } from '../../src/queue/submit-units.ts'
import { type Unit, unitName } from '../../src/queue/unit.ts'
import { runWorker } from '../../src/queue/worker.ts'
import { never, submitted, workerOptions } from '../../test/engine/queue/idle-work.ts'
import { NO_POSTGRES, Postgres } from '../../test/helpers/postgres.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'

/** Clips of Tarsier2-Recap. */
const LINES = 585_000
const CROWDS = [1, 8, 32]
const MEASURED_MS = 20_000
/** Share of a description of one second that the queue may take. */
const ALLOWED_MS = 20
const ALLOWED_GROWTH_MB = 100
/** A typical line of a description. */
const LINE_CHARACTERS = 1500

/** Measures a queue in a PostgreSQL server of its own, with units that do nothing. */
export async function measureQueue(options: BenchOptions): Promise<Measured | Skipped> {
  const bin = findPostgres()
  if (bin === null) return { skipped: NO_POSTGRES }
  await using server = await Postgres.start(bin)
  const url = await server.database('bench')
  await using queue = await openQueue(url, never)
  const submit = await measureSubmit(queue)
  const rates = []
  for (const workers of CROWDS) rates.push({ workers, perSecond: await measureWorkers(url, queue, workers) })
  await fillResults(submit.job, queue)
  const exports = []
  for (const format of ['jsonl', 'parquet'] as const)
    exports.push({ format, ...(await measureExport(submit.job, queue, format, options.cache)) })
  const alone = 1000 / (rates[0]?.perSecond ?? 1)
  return {
    columns: ['what', 'result'],
    rows: [
      [
        `submit ${LINES} lines`,
        `${submit.seconds.toFixed(0)} s (${Math.round(LINES / submit.seconds)}/s), memory grows by ${submit.growth.toFixed(0)} MB`,
      ],
      ...rates.map(({ workers, perSecond }) => [`${workers} workers`, `${perSecond.toFixed(0)} units a second`]),
      ['a unit of one worker', `${alone.toFixed(1)} ms`],
      ...exports.map(({ format, seconds, growth }) => [
        `export ${LINES} results as ${format}`,
        `${seconds.toFixed(0)} s, memory grows by ${growth.toFixed(0)} MB`,
      ]),
    ],
    notes: ['PostgreSQL on the same machine, without fsync. Workers share one process; each does one unit at a time.'],
    targets: [
      { what: 'the queue takes at most 2 % of a clip whose description takes one second', met: alone <= ALLOWED_MS },
      { what: 'memory does not grow with the list', met: submit.growth < ALLOWED_GROWTH_MB },
    ],
    data: { submit: { seconds: submit.seconds, growth: submit.growth }, rates, exports },
  }
}

async function measureSubmit(queue: Database): Promise<{ readonly job: Job; readonly seconds: number; readonly growth: number }> {
  const job = await submitted('bench', [], queue)
  const start = performance.now()
  const memory = new Memory()
  async function* units(): AsyncGenerator<Unit, void> {
    for (let i = 0; i < LINES; i++) {
      if (i % 10_000 === 0) memory.look(i >= LINES / 2)
      yield { kind: 'events', file: `videos/part-${i % 100}/clip-${i}.mp4` }
    }
  }
  await submitUnits(job, units(), queue, () => {}, never)
  return { job, seconds: (performance.now() - start) / 1000, growth: memory.growth }
}

/** Results per second of workers that do nothing else. */
async function measureWorkers(url: string, queue: Database, workers: number): Promise<number> {
  const before = await resultsIn(queue)
  const stop = AbortSignal.timeout(MEASURED_MS)
  const start = performance.now()
  await Promise.all(
    Array.from({ length: workers }, async () => {
      await using own = new Database(url, { connections: 2 })
      const work = async (unit: Unit) => ({ file: unitName(unit) })
      const options = await workerOptions(work, { open: async () => ({ slots: 1, do: work, [Symbol.asyncDispose]: async () => {} }) })
      await runWorker(own, options, () => {}, stop, never)
    }),
  )
  return ((await resultsIn(queue)) - before) / ((performance.now() - start) / 1000)
}

async function resultsIn(queue: Database): Promise<number> {
  const [row] = await queue.query<{ count: number }>('select count(*)::int as count from tarsier.result', [], never)
  return row?.count ?? 0
}

/** Gives every unit without a result one of usual size. */
async function fillResults({ id }: Job, queue: Database): Promise<void> {
  await queue.query(
    `insert into tarsier.result (job, unit, worker, line)
     select $1, id, (select min(id) from tarsier.worker), '{"file":"' || id || '","summary":"' || repeat('x', $2) || '"}' from tarsier.unit where job = $1
     on conflict do nothing`,
    [id, LINE_CHARACTERS],
    never,
  )
}

async function measureExport(job: Job, queue: Database, format: FileFormat, cache: string) {
  await mkdir(cache, { recursive: true })
  const out = join(cache, `queue-export.${format}`)
  const start = performance.now()
  const memory = new Memory()
  const writer = await openWriter(format, out, true)
  let written = 0
  try {
    await readResults(
      job,
      queue,
      async (page) => {
        await writer.write(page)
        written += page.length
        memory.look(written > LINES / 2)
      },
      never,
    )
    await writer.finish()
  } finally {
    await writer.close()
    await rm(out, { force: true })
  }
  return { seconds: (performance.now() - start) / 1000, growth: memory.growth }
}

/** Resident megabytes: the largest in the first half of the work, in which the heap takes the size that it needs, and in the second. */
class Memory {
  #early = 0
  #late = 0

  look(late: boolean): void {
    const now = process.memoryUsage.rss() / 1e6
    if (late) this.#late = Math.max(this.#late, now)
    else this.#early = Math.max(this.#early, now)
  }

  get growth(): number {
    return Math.max(0, this.#late - this.#early)
  }
}
