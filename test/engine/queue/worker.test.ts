import { describe, expect, test } from 'vitest'
import { claim, enterWorker, finish, heartbeat, leave } from '../../../src/queue/claims.ts'
import type { Database } from '../../../src/queue/database.ts'
import { returnUnitsOfDeadWorkers } from '../../../src/queue/dead-workers.ts'
import { readResults, readUnits } from '../../../src/queue/export/stored-results.ts'
import { jobDetails } from '../../../src/queue/job-progress.ts'
import { cancelJob, deleteJob, retryFailed, setJobState } from '../../../src/queue/job-store.ts'
import { openQueue } from '../../../src/queue/open-queue.ts'
import { unitName } from '../../../src/queue/unit.ts'
import { runWorker, type WorkerEvent } from '../../../src/queue/worker.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { never, submitted, unitsNamed, VERSION, workerOptions } from './idle-work.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

describe.skipIf(!hasPostgres)(withServer('a worker of a queue'), () => {
  const { server, database } = queueServer()

  async function linesOf(name: string, queue: Database): Promise<{ file: string; error?: { code: string; message: string } }[]> {
    const lines: string[] = []
    const [row] = await queue.query<{ id: number }>('select id from tarsier.job where name = $1', [name], never)
    await readResults({ id: row?.id ?? 0, name }, queue, async (page) => void lines.push(...page.map(({ line }) => line)), never)
    return lines.map((line) => JSON.parse(line))
  }
  const result = async (unit: Parameters<typeof unitName>[0]) => ({ file: unitName(unit) })
  /** Makes a worker look as if its last heartbeat had been an hour ago. */
  const silence = (queue: Database, worker: number) =>
    queue.query(`update tarsier.worker set seen = now() - interval '1 hour' where id = $1`, [worker], never)
  /** The server's start counts as a heartbeat of all workers. */
  const soonAfterStart = () => new Promise((resolve) => setTimeout(resolve, 1100))

  test('does every unit once, with several workers at a time, and exports in the order of submission', async () => {
    const url = await database()
    await using queue = await openQueue(url, never)
    await submitted('many', unitsNamed(250), queue)
    const done: string[] = []
    const work = async (unit: Parameters<typeof unitName>[0]) => {
      done.push(unitName(unit))
      return { file: unitName(unit) }
    }
    await Promise.all(
      [1, 2, 3].map(async () => {
        await using own = await openQueue(url, never)
        await runWorker(own, await workerOptions(work), () => {}, never, never)
      }),
    )
    expect([...done].sort()).toEqual(unitsNamed(250).map(unitName).sort())
    expect((await linesOf('many', queue)).map(({ file }) => file)).toEqual(unitsNamed(250).map(unitName))
    const details = await jobDetails('many', queue, never)
    expect(details).toMatchObject({ units: 250, done: 250, failed: 0, running: 0 })
    expect(details?.workers.reduce((sum, worker) => sum + worker.done, 0)).toBe(250)
    expect(await server().sql('select count(*)::int as left from tarsier_queue.job', new URL(url).pathname.slice(1))).toEqual([{ left: 0 }])
  })

  test('holds nothing of the database while results are written, and reports a job that is deleted meanwhile', async () => {
    const url = await database()
    await using queue = await openQueue(url, never)
    const job = await submitted('slow', unitsNamed(40), queue)
    await runWorker(queue, await workerOptions(result), () => {}, never, never)
    const transactions = () =>
      server().sql(
        `select state from pg_stat_activity where datname = $1 and backend_type = 'client backend' and xact_start is not null and pid <> pg_backend_pid()`,
        'postgres',
        [new URL(url).pathname.slice(1)],
      )
    let read = 0
    const take = async (page: readonly object[]) => {
      read += page.length
      expect(await transactions()).toEqual([])
    }
    await readResults(job, queue, take, never)
    expect(read).toBe(40)
    const units: (string | undefined)[] = []
    await readUnits(job, queue, async (page) => void units.push(...page.map((unit) => unit.result?.line)), never)
    expect(units).toEqual(unitsNamed(40).map((unit) => JSON.stringify({ file: unitName(unit) })))
    await submitted('slow', unitsNamed(2, 40), queue)
    const last: (object | null)[] = []
    await readUnits(job, queue, async (page) => void last.push(...page.slice(-2).map((unit) => unit.result)), never)
    expect(last.slice(-2)).toEqual([null, null])
    const reading = readResults(job, queue, () => deleteJob('slow', queue, never), never)
    await expect(reading).rejects.toMatchObject({ code: 'nothing-found', message: expect.stringContaining('deleted') as string })
  })

  test('adds only what is new when a job is submitted again', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('again', unitsNamed(1500), queue)
    await submitted('again', unitsNamed(1600, 10), queue)
    expect(await jobDetails('again', queue, never)).toMatchObject({ units: 1610 })
  })

  test('returns a unit whose engine ends, and lets it fail the third time; the others are done', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('poison', unitsNamed(8), queue)
    let crashes = 0
    const work = async (unit: Parameters<typeof unitName>[0]) => {
      if (unitName(unit) !== 'clip 3.mp4') return { file: unitName(unit) }
      crashes += 1
      throw new TarsierError('engine-crashed', 'The engine crashed.')
    }
    const events: WorkerEvent['kind'][] = []
    await runWorker(queue, await workerOptions(work), ({ kind }) => events.push(kind), never, never)
    expect(crashes).toBe(3)
    expect(events.filter((kind) => kind === 'returned')).toHaveLength(3)
    const lines = await linesOf('poison', queue)
    expect(lines.map(({ file }) => file)).toEqual(unitsNamed(8).map(unitName))
    expect(lines.filter(({ error }) => error)).toEqual([
      {
        file: 'clip 3.mp4',
        error: { code: 'engine-crashed', message: 'The engine crashed. It happened 3 times at this clip, so it is not tried again.' },
      },
    ])
    expect((await jobDetails('poison', queue, never))?.failures).toMatchObject([{ code: 'engine-crashed', count: 1 }])
    expect(await retryFailed('poison', 'file-missing', queue, never)).toBe(0)
    expect(await retryFailed('poison', null, queue, never)).toBe(1)
    await runWorker(queue, await workerOptions(result), () => {}, never, never)
    expect(await jobDetails('poison', queue, never)).toMatchObject({ units: 8, done: 8, failed: 0 })
  })

  test('that fails units again while failed ones are retried does not keep that from ending', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('fast', unitsNamed(3), queue)
    const failing = () => Promise.reject(new TarsierError('file-missing', 'There is no such file.'))
    await runWorker(queue, await workerOptions(failing), () => {}, never, never)
    // As if it had failed after the retry began.
    await queue.query(
      `update tarsier.result set finished = now() + interval '1 hour' where unit = (select min(unit::text)::uuid from tarsier.result)`,
      [],
      never,
    )
    expect(await retryFailed('fast', null, queue, never)).toBe(2)
    expect(await jobDetails('fast', queue, never)).toMatchObject({ units: 3, failed: 1 })
  })

  test('stops if its engine ends at three units in a row', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('broken', unitsNamed(9), queue)
    const work = () => Promise.reject(new TarsierError('engine-crashed', 'The engine crashed.'))
    await expect(runWorker(queue, await workerOptions(work), () => {}, never, never)).rejects.toMatchObject({ code: 'native-library' })
    expect(await jobDetails('broken', queue, never)).toMatchObject({ done: 0, failed: 0, running: 0 })
  })

  test('loses its units if its heartbeat stops; its late result does not replace that of another', async () => {
    await using queue = await openQueue(await database(), never)
    const job = await submitted('silent', unitsNamed(1), queue)
    const silent = await enterWorker(VERSION, 1, queue, never)
    const taken = await claim(job, [], silent, queue, never)
    if (!taken) throw new Error('no unit')
    const other = await enterWorker(VERSION, 1, queue, never)
    expect(await claim(job, [], other, queue, never)).toBeNull()
    await soonAfterStart()
    await silence(queue, silent)
    await returnUnitsOfDeadWorkers(queue, never)
    await runWorker(queue, await workerOptions(result), () => {}, never, never)
    expect(await finish(taken, { line: '{"file":"late"}', code: null }, silent, queue, never)).toBe(false)
    expect(await linesOf('silent', queue)).toEqual([{ file: 'clip 0.mp4' }])
    expect(await jobDetails('silent', queue, never)).toMatchObject({ done: 1, running: 0 })
  })

  test('whose heartbeat had stopped may finish before another does, which then stores nothing', async () => {
    await using queue = await openQueue(await database(), never)
    const job = await submitted('early', unitsNamed(1), queue)
    const silent = await enterWorker(VERSION, 1, queue, never)
    const taken = await claim(job, [], silent, queue, never)
    if (!taken) throw new Error('no unit')
    await soonAfterStart()
    await silence(queue, silent)
    await returnUnitsOfDeadWorkers(queue, never)
    expect(await finish(taken, { line: '{"file":"first"}', code: null }, silent, queue, never)).toBe(true)
    await runWorker(queue, await workerOptions(result), () => {}, never, never)
    expect(await linesOf('early', queue)).toEqual([{ file: 'first' }])
    expect(await jobDetails('early', queue, never)).toMatchObject({ done: 1, running: 0 })
  })

  test('fails a unit at which three workers ended, with the reason', async () => {
    await using queue = await openQueue(await database(), never)
    const job = await submitted('killer', unitsNamed(1), queue)
    for (let i = 0; i < 3; i++) {
      const worker = await enterWorker(VERSION, 1, queue, never)
      // The unit waits for a moment, so that others come first.
      let taken = await claim(job, [], worker, queue, never)
      while (!taken) {
        await new Promise((resolve) => setTimeout(resolve, 200))
        taken = await claim(job, [], worker, queue, never)
      }
      await soonAfterStart()
      await silence(queue, worker)
      await returnUnitsOfDeadWorkers(queue, never)
    }
    expect(await linesOf('killer', queue)).toMatchObject([{ file: 'clip 0.mp4', error: { code: 'worker-lost' } }])
  })

  test('takes a unit again if the answer to its first request was lost', async () => {
    await using queue = await openQueue(await database(), never)
    const job = await submitted('answer', unitsNamed(2), queue)
    const worker = await enterWorker(VERSION, 30, queue, never)
    const first = await claim(job, [], worker, queue, never)
    const same = await claim(job, [], worker, queue, never)
    expect(same?.id).toBe(first?.id)
    const second = await claim(job, [first?.id ?? ''], worker, queue, never)
    expect(second?.id).not.toBe(first?.id)
    await leave(worker, queue, never)
    await runWorker(queue, await workerOptions(result), () => {}, never, never)
    expect(await jobDetails('answer', queue, never)).toMatchObject({ done: 2, running: 0 })
  })

  test('takes nothing of a paused job, and stops units of a cancelled one', async () => {
    await using queue = await openQueue(await database(), never)
    const job = await submitted('paused', unitsNamed(3), queue)
    await setJobState('paused', 'paused', queue, never)
    await runWorker(queue, await workerOptions(result), () => {}, never, never)
    expect(await jobDetails('paused', queue, never)).toMatchObject({ state: 'paused', done: 0 })
    await setJobState('paused', 'running', queue, never)
    let stopped = 0
    const work = (_unit: unknown, _slot: number, _files: unknown, signal: AbortSignal) =>
      new Promise<object>((_, reject) =>
        signal.addEventListener('abort', () => {
          stopped += 1
          reject(signal.reason as Error)
        }),
      )
    const running = runWorker(queue, await workerOptions(work, { lease: 1 }), () => {}, never, never)
    const worker = await enterWorker(VERSION, 30, queue, never)
    while ((await jobDetails('paused', queue, never))?.running !== 2) await new Promise((resolve) => setTimeout(resolve, 50))
    await cancelJob('paused', queue, never)
    await running
    expect(stopped).toBe(2)
    expect(await claim(job, [], worker, queue, never)).toBeNull()
    expect(await jobDetails('paused', queue, never)).toMatchObject({ state: 'cancelled', done: 0, failed: 0, running: 0 })
    await expect(setJobState('paused', 'running', queue, never)).rejects.toMatchObject({ code: 'queue-mismatch' })
  })

  test('gives back what it has not finished when it is stopped', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('stopped', unitsNamed(4), queue)
    const stop = new AbortController()
    const work = (_unit: unknown, _slot: number, _files: unknown, signal: AbortSignal) =>
      new Promise<object>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    const running = runWorker(queue, await workerOptions(work), ({ kind }) => kind === 'started' && stop.abort(), never, stop.signal)
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect(await jobDetails('stopped', queue, never)).toMatchObject({ running: 0, done: 0 })
    await runWorker(queue, await workerOptions(result), () => {}, never, never)
    expect(await jobDetails('stopped', queue, never)).toMatchObject({ done: 4, failed: 0 })
  })

  test('leaves a job that it cannot read, says so, and does the others', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('newer', unitsNamed(2), queue)
    await queue.query(`update tarsier.job set request = '{"format":2}' where name = 'newer'`, [], never)
    await submitted('plain', unitsNamed(2), queue)
    const unable: unknown[] = []
    const onEvent = (event: WorkerEvent) => event.kind === 'unable' && unable.push([event.job.name, event.error.code])
    await runWorker(queue, await workerOptions(result), onEvent, never, never)
    expect(unable).toEqual([['newer', 'queue-newer']])
    expect(await jobDetails('plain', queue, never)).toMatchObject({ done: 2, failed: 0 })

    // Its state can be changed all the same.
    const state = async () =>
      (await queue.query<{ state: string }>(`select state from tarsier.job where name = 'newer'`, [], never))[0]?.state
    await setJobState('newer', 'paused', queue, never)
    expect(await state()).toBe('paused')
    await cancelJob('newer', queue, never)
    expect(await state()).toBe('cancelled')
    await cancelJob('newer', queue, never)
    await deleteJob('newer', queue, never)
    expect(await state()).toBeUndefined()
  })

  test('refuses jobs of another version, and works with it on request', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('version', unitsNamed(1), queue)
    const events: WorkerEvent[] = []
    await runWorker(queue, await workerOptions(result, { version: '2.0.0' }), (event) => events.push(event), never, never)
    expect(events).toMatchObject([{ kind: 'unable', error: { code: 'queue-mismatch', message: expect.stringContaining('version 1.2.3') } }])
    await runWorker(queue, await workerOptions(result, { version: '2.0.0', anyVersion: true }), () => {}, never, never)
    expect(await jobDetails('version', queue, never)).toMatchObject({ done: 1 })
  })

  test('stores results of a megabyte', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('large', unitsNamed(30), queue)
    const text = 'ä'.repeat(500_000)
    await runWorker(queue, await workerOptions(async (unit) => ({ file: unitName(unit), text })), () => {}, never, never)
    const lines = await linesOf('large', queue)
    expect(lines.map((line) => ({ ...line, text: (line as { text?: string }).text === text }))).toEqual(
      unitsNamed(30).map((unit) => ({ file: unitName(unit), text: true })),
    )
  })

  test('is refused by a schema that a newer version has changed, also while it works', async () => {
    const url = await database()
    await using queue = await openQueue(url, never)
    const job = await submitted('newer', unitsNamed(1), queue)
    const worker = await enterWorker(VERSION, 30, queue, never)
    await queue.query('update tarsier.version set version = version + 1', [], never)
    await expect(claim(job, [], worker, queue, never)).rejects.toMatchObject({ code: 'queue-newer' })
    await expect(openQueue(url, never)).rejects.toMatchObject({ code: 'queue-newer' })
    expect(await heartbeat(worker, queue, never)).toEqual([])
  })
})
