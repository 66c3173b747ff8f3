import { mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readFailure } from '../../../src/platform/file-failure.ts'
import { ClipPlaces } from '../../../src/queue/clip-places.ts'
import { jobDetails } from '../../../src/queue/job-progress.ts'
import { openQueue } from '../../../src/queue/open-queue.ts'
import { unitName } from '../../../src/queue/unit.ts'
import type { UnitWork } from '../../../src/queue/unit-work.ts'
import { runWorker, type WorkerEvent } from '../../../src/queue/worker.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { never, submitted, unitsNamed, workerOptions } from './idle-work.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

const COUNT = 12
let scratch: string
let videos: string

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tarsier-lost-'))
  videos = join(scratch, 'videos')
  await fill(videos)
})
afterEach(() => rm(scratch, { recursive: true, force: true }))

async function fill(folder: string): Promise<void> {
  await mkdir(folder)
  for (const unit of unitsNamed(COUNT)) await writeFile(join(folder, unitName(unit)), unitName(unit))
}

const placesIn = (folder: string) =>
  ClipPlaces.open({ videos: folder, home: '/nowhere', fetching: { folder: '/nowhere/clips', allowed: [], maxBytes: 1 } })

/** Reads the clips; the fourth one loses the folder first. */
function reading(lose: () => Promise<void>): UnitWork['do'] {
  let begun = 0
  return async (_unit, _slot, [path]) => {
    if (++begun === 4) await lose()
    const file = String(path)
    return { file: await readFile(file, 'utf8').catch((error: unknown) => Promise.reject(readFailure(file, error))) }
  }
}

describe.skipIf(!hasPostgres)(withServer('a worker whose folder of clips is lost'), () => {
  const { server, database } = queueServer()

  test.each([
    ['is gone', async () => {}],
    ['is empty, as an unmounted one', () => mkdir(videos)],
  ])('gives the clips back and waits: the folder %s', async (_, leave) => {
    const url = await database()
    await using queue = await openQueue(url, never)
    await submitted('waits', unitsNamed(COUNT), queue)
    const away = join(scratch, 'away')
    const lose = async () => {
      await rename(videos, away)
      await leave()
    }
    const events: WorkerEvent[] = []
    const running = runWorker(
      queue,
      await workerOptions(reading(lose), { places: await placesIn(videos) }),
      (event) => events.push(event),
      never,
      never,
    )
    const said = () => events.filter(({ kind }) => kind === 'folder')
    while (said().length === 0) await sleep(20)
    await sleep(1500)
    const between = await jobDetails('waits', queue, never)
    expect(between).toMatchObject({ failed: 0, running: 0 })
    expect(between?.done).toBeLessThan(COUNT)
    await rmdir(videos).catch(() => {}) // it is there only if it is empty
    await rename(away, videos)
    await running
    expect(said()).toMatchObject([
      { error: { code: 'file-missing', message: expect.stringMatching(/^The folder|videos does not exist/) as string } },
      { error: null },
    ])
    expect(await jobDetails('waits', queue, never)).toMatchObject({ done: COUNT, failed: 0, running: 0 })
    expect(await server().sql('select * from tarsier.attempt', new URL(url).pathname.slice(1))).toEqual([])
  })

  test('ends when others have done its clips, if it should drain the queue', async () => {
    await using queue = await openQueue(await database(), never)
    await submitted('others', unitsNamed(COUNT), queue)
    const lose = () => rm(videos, { recursive: true })
    const events: WorkerEvent[] = []
    const waiting = runWorker(
      queue,
      await workerOptions(reading(lose), { places: await placesIn(videos) }),
      (event) => events.push(event),
      never,
      never,
    )
    while (!events.some(({ kind }) => kind === 'folder')) await sleep(20)
    const other = join(scratch, 'other')
    await fill(other)
    await runWorker(
      queue,
      await workerOptions(
        reading(async () => {}),
        { places: await placesIn(other) },
      ),
      () => {},
      never,
      never,
    )
    await waiting
    expect(await jobDetails('others', queue, never)).toMatchObject({ done: COUNT, failed: 0 })
  })

  test('still fails a clip that is missing from a folder that is there, or lies elsewhere', async () => {
    await using queue = await openQueue(await database(), never)
    const elsewhere = join(scratch, 'elsewhere', 'clip.mp4')
    await submitted('missing', [...unitsNamed(2, COUNT - 1), { kind: 'events', file: elsewhere }], queue)
    await runWorker(
      queue,
      await workerOptions(
        reading(async () => {}),
        { places: await placesIn(videos) },
      ),
      () => {},
      never,
      never,
    )
    expect(await jobDetails('missing', queue, never)).toMatchObject({ done: 1, failed: 2 })
    await expect(placesIn(join(scratch, 'elsewhere'))).rejects.toBeInstanceOf(TarsierError)
  })
})
