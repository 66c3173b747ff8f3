import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../../src/queue/database.ts'
import { jobDetails } from '../../../src/queue/job-progress.ts'
import { unitsOf } from '../../../src/queue/job-units.ts'
import { openQueue } from '../../../src/queue/open-queue.ts'
import { submitUnits } from '../../../src/queue/submit-units.ts'
import { unitName } from '../../../src/queue/unit.ts'
import { runWorker } from '../../../src/queue/worker.ts'
import type { Postgres } from '../../helpers/postgres.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'
import { never, submitted, unitsNamed, workerOptions } from './idle-work.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

/** An empty database has about 8 MB. */
const DISK_MEGABYTES = 48
/** As in `test/helpers/postgres.ts`, whose server does not run as root. */
const NOBODY = 65_534

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-bad-input-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Text that PostgreSQL cannot compress. */
const noise = (length: number) => Array.from({ length }, () => String.fromCharCode(33 + Math.random() * 90)).join('')

describe.skipIf(!hasPostgres)(withServer('a queue'), () => {
  const { server, database } = queueServer()
  const job = (name: string, queue: Database) => jobDetails(name, queue, never)

  test('whose disk is full stops workers and submissions with what to do, and loses nothing', async ({ skip }) => {
    await using disk = await SmallDisk.mount(join(folder, 'disk'), DISK_MEGABYTES)
    if (disk === null) return skip(NO_DISK)
    const url = await databaseOn(disk.path, server())
    await using queue = await openQueue(url, never)
    const stored = await submitted('full', unitsNamed(20), queue)
    let begun = 0
    const work = async (unit: Parameters<typeof unitName>[0]) => {
      if (++begun === 4) disk.fill()
      return { file: unitName(unit), text: noise(500_000) }
    }
    await expect(runWorker(queue, await workerOptions(work, { lease: 2 }), () => {}, never, never)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(
        /^The disk of the database .* is full: .*No space left on device\. Free space on the server/,
      ) as string,
    })
    const manyUnits = async function* () {
      yield* unitsNamed(40_000, 100)
    }
    await expect(submitUnits(stored, manyUnits(), queue, () => {}, never)).rejects.toMatchObject({ code: 'disk-full' })
    const before = await job('full', queue)
    expect(before?.failed).toBe(0)

    await disk.free()
    const added = before?.units ?? 0
    expect((await submitUnits(stored, streamOf(unitsNamed(added - 20 + 5, 100)), queue, () => {}, never)).added).toBe(5)
    // A worker that could not write when it ended is silent until its lease is over.
    const all = { done: added + 5, failed: 0, running: 0 }
    await expect
      .poll(
        async () => {
          await runWorker(queue, await workerOptions(async (unit) => ({ file: unitName(unit) }), { lease: 2 }), () => {}, never, never)
          return await job('full', queue)
        },
        { timeout: 60_000 },
      )
      .toMatchObject(all)
  })

  test('that reports a full disk stops a worker, which leaves its clips to others', async () => {
    const url = await database()
    const name = new URL(url).pathname.slice(1)
    await using queue = await openQueue(url, never)
    await submitted('refuses', unitsNamed(6), queue)
    const raise = `create function tarsier.refuse() returns trigger language plpgsql as $$ begin raise sqlstate '53100' using message = 'could not extend file'; end $$`
    await server().sql(
      `${raise}; create trigger refuse before insert on tarsier.result for each row execute function tarsier.refuse()`,
      name,
    )
    const work = async (unit: Parameters<typeof unitName>[0]) => ({ file: unitName(unit) })
    await expect(runWorker(queue, await workerOptions(work), () => {}, never, never)).rejects.toMatchObject({ code: 'disk-full' })
    expect(await job('refuses', queue)).toMatchObject({ done: 0, failed: 0, running: 0 })
    await server().sql('drop trigger refuse on tarsier.result', name)
    await runWorker(queue, await workerOptions(work), () => {}, never, never)
    expect(await job('refuses', queue)).toMatchObject({ done: 6, failed: 0, running: 0 })
    expect(await server().sql('select * from tarsier.attempt', name)).toEqual([])
  })

  test('refuses a list that is changed while it is submitted, and adds the rest when it is submitted again', async () => {
    await using queue = await openQueue(await database(), never)
    const stored = await submitted('list', [], queue)
    const list = join(folder, 'list.txt')
    await writeFile(
      list,
      unitsNamed(3000)
        .map((unit) => `${unitName(unit)}\n`)
        .join(''),
    )
    const unusable: unknown[] = []
    const options = { task: 'events', prompt: null, fallback: () => '', onUnusable: (line: unknown) => void unusable.push(line) } as const
    let changed = false
    const submit = (onBatch: () => void) => submitUnits(stored, changing(unitsOf([list], options, never), onBatch), queue, () => {}, never)
    const failed = submit(() => {
      if (!changed) appendFileSync(list, 'further.mp4\n')
      changed = true
    })
    await expect(failed).rejects.toMatchObject({
      code: 'usage',
      message: `${list} was changed while it was read. Submit it again; clips that the job has are not added twice.`,
    })
    const { added, known } = await submit(() => {})
    expect(added + known).toBe(3001)
    expect(await job('list', queue)).toMatchObject({ units: 3001 })
    expect(unusable).toEqual([])
  })
})

/** A database whose files lie on a disk. */
async function databaseOn(path: string, server: Postgres): Promise<string> {
  execFileSync('chown', [`${NOBODY}:${NOBODY}`, path])
  execFileSync('chmod', ['755', join(path, '..')])
  await server.sql(`create tablespace small location '${path}'`)
  await server.sql('create database small tablespace small')
  return server.url('small')
}

async function* streamOf<T>(values: readonly T[]): AsyncGenerator<T, void> {
  yield* values
}

/** Calls `onBatch` after the first units. */
async function* changing<T>(values: AsyncIterable<T>, onBatch: () => void): AsyncGenerator<T, void> {
  let count = 0
  for await (const value of values) {
    if (++count === 1500) onBatch()
    yield value
  }
}
