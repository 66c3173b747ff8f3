import { readManifest } from '../../../src/engine/models/manifest.ts'
import { resolveModel } from '../../../src/engine/models/registry.ts'
import { ClipPlaces } from '../../../src/queue/clip-places.ts'
import type { Database } from '../../../src/queue/database.ts'
import { type Job, openJob } from '../../../src/queue/job-store.ts'
import { localJob } from '../../../src/queue/new-job.ts'
import { submitUnits } from '../../../src/queue/submit-units.ts'
import type { Unit } from '../../../src/queue/unit.ts'
import type { UnitWork } from '../../../src/queue/unit-work.ts'
import type { WorkerOptions } from '../../../src/queue/worker.ts'

export const VERSION = '1.2.3'
export const never = new AbortController().signal

/** Units whose clips need not exist: the tests' own work does not open them. */
export function unitsNamed(count: number, from = 0): Unit[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'events', file: `clip ${from + i}.mp4` }))
}

/** Submits units as a job of the demo model. */
export async function submitted(name: string, units: readonly Unit[], database: Database): Promise<Job> {
  const manifest = await readManifest(await resolveModel('demo', '/nowhere'))
  const events = { segment: 16, scenes: true, summary: true, precision: 0.25 }
  const job = await openJob(
    { name, tag: null, program: VERSION, ...localJob(manifest, { task: 'events', sampling: {}, events }) },
    database,
    never,
  )
  await submitUnits(job, streamOf(units), database, () => {}, never)
  return job
}

/** Options of a worker that does units with `work`, two at a time, and ends when there are none. */
export async function workerOptions(work: UnitWork['do'], changes: Partial<WorkerOptions> = {}): Promise<WorkerOptions> {
  return {
    engines: ['tarsier'],
    model: null,
    job: null,
    tags: [],
    drain: true,
    version: VERSION,
    anyVersion: false,
    lease: 30,
    open: async () => ({ slots: 2, do: work, [Symbol.asyncDispose]: async () => {} }),
    places: await ClipPlaces.open({ videos: null, home: '/nowhere', fetching: { folder: '/nowhere/clips', allowed: [], maxBytes: 1 } }),
    ...changes,
  }
}

async function* streamOf(units: readonly Unit[]): AsyncGenerator<Unit, void> {
  yield* units
}
