import type { BenchJob } from '../shared/contract/bench.ts'
import type { Ended, Work } from '../shared/shell-messages.ts'
import type { Service } from './service.ts'

/** Shorter tasks are not reported, in milliseconds: the user was still at the window. */
const LONG_MS = 30_000

interface Task {
  readonly began: number
  readonly end: () => Ended | null
}

/** Reports the current work at every change, and long tasks when they end, until the signal aborts. */
export async function watchWork(
  service: Service,
  send: { work(work: Work): void; ended(ended: Ended): void },
  signal: AbortSignal,
  now: () => number = Date.now,
): Promise<void> {
  const running = new Map<string, Task>()
  for await (const activity of service.activity.watch(signal)) {
    const tasks = tasksOf(service, activity.running === 'chat')
    for (const [id, { began, end }] of running) {
      if (tasks.has(id)) continue
      running.delete(id)
      const ended = now() - began < LONG_MS ? null : end()
      if (ended) send.ended(ended)
    }
    for (const [id, end] of tasks) if (!running.has(id)) running.set(id, { began: now(), end })
    send.work(workOf(service, activity.running !== 'nothing' && activity.running !== 'batch'))
  }
}

function workOf({ models, library, benchJobs }: Service, answering: boolean): Work {
  const jobs = models.all.filter(({ state }) => state === 'running')
  const batches = library.batches.running().map((id) => library.batches.get(id).counts)
  const benchmarks = benchJobs.all.filter(({ state }) => state === 'running')
  const parts = [
    ...jobs.map(({ progress }) => progress.value),
    ...batches.map(({ waiting, running, done, failed, skipped }) => {
      const over = done + failed + skipped
      return over / Math.max(1, over + waiting + running)
    }),
    ...benchmarks.map(({ done, total }) => done / Math.max(1, total)),
  ]
  return {
    answering,
    models: jobs.length,
    batches: batches.length,
    benchmarks: benchmarks.length,
    progress: parts.length === 0 ? null : parts.reduce((sum, part) => sum + part, 0) / parts.length,
  }
}

/** Returns the running tasks by id, each with a function that returns its end report; null for tasks that the user stopped. */
function tasksOf({ models, library, benchJobs }: Service, chatting: boolean): Map<string, () => Ended | null> {
  const tasks = new Map<string, () => Ended | null>()
  if (chatting) tasks.set('answer', () => ({ title: 'Your answer is ready', text: 'Open the window to read it.' }))
  for (const { id, name, state } of models.all) {
    if (state === 'running') tasks.set(id, () => endOfModel(name, models.all.find((job) => job.id === id)?.state))
  }
  for (const id of library.batches.running()) tasks.set(id, () => endOfBatch(library, id))
  for (const { id, name, state } of benchJobs.all) {
    if (state === 'running')
      tasks.set(id, () =>
        endOfBenchmark(
          name,
          benchJobs.all.find((job) => job.id === id),
        ),
      )
  }
  return tasks
}

function endOfModel(name: string, state: string | undefined): Ended | null {
  if (state === 'done') return { title: `${name} is ready`, text: 'You can select the model now.' }
  return state === 'failed' ? { title: `${name} could not be installed`, text: 'Open the window for details.' } : null
}

function endOfBenchmark(name: string, job: BenchJob | undefined): Ended | null {
  if (job?.state === 'done') return { title: `The benchmark “${name}” is done`, text: `${job.done} answers, ${job.failed} failed.` }
  return job?.state === 'failed' ? { title: `The benchmark “${name}” failed`, text: 'Open the window for details.' } : null
}

function endOfBatch({ batches }: Service['library'], id: string): Ended | null {
  const batch = batches.find(id)
  if (batch?.state !== 'done') return null
  const { title, counts } = batch
  return { title: `“${title}” is done`, text: `${counts.done} described, ${counts.skipped} skipped, ${counts.failed} failed.` }
}
