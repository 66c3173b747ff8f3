import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { dataSetOf } from '../bench/datasets.ts'
import { predictionSchema } from '../bench/prediction.ts'
import { PREDICTIONS_FILE } from '../bench/run/prediction-file.ts'
import { lockRun } from '../bench/run/run-lock.ts'
import { settleSettings } from '../bench/run/run-settings.ts'
import type { Selected } from '../bench/run/samples.ts'
import { writeError } from '../jobs/write-file.ts'
import type { Database } from '../queue/database.ts'
import type { StoredResult } from '../queue/export/stored-results.ts'
import type { ResultWriter } from '../queue/export/write-export.ts'
import type { Job } from '../queue/job-store.ts'
import { appVersion } from '../service/version.ts'
import { eventDefaults } from '../shared/options.ts'
import { counted } from '../shared/size-text.ts'
import type { BenchRunOptions } from './bench-run-options.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Interrupts } from './interrupt.ts'
import { oneLine } from './printable.ts'
import { homeOf } from './requests.ts'
import { servedModel } from './send-option.ts'
import { picturesOf } from './server-options.ts'
import { work } from './worker.ts'

/**
 * Shares a run with the machines that run the same command, or a worker: submits the samples as a job, works on it until all are done, and writes
 * the predictions of all machines into the folder of the run.
 */
export async function shareRun(
  { sets }: Selected,
  options: BenchRunOptions,
  signal: AbortSignal,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const { openQueue, queueUrl } = await import('../queue/open-queue.ts')
  const { openJob, findJob, retryFailed } = await import('../queue/job-store.ts')
  const { submitUnits } = await import('../queue/submit-units.ts')
  const out = resolve(options.out)
  const name = options.job ?? basename(out)
  await using database = await openQueue(queueUrl(options.queue), signal)
  const job = await openJob({ name, tag: null, program: appVersion(), ...(await requestOf(options)) }, database, signal)
  async function* units() {
    for (const { samples } of sets) for (const sample of samples) yield { kind: 'sample', sample } as const
  }
  await submitUnits(job, units(), database, () => {}, signal)
  if (options.retryFailed) await retryFailed(name, null, database, signal)
  const code = await work(
    {
      queue: options.queue,
      engine: options.engine === 'openai' ? 'openai' : 'local',
      job: name,
      concurrency: options.workers,
      tag: [],
      drain: true,
      grace: 30,
      device: options.device,
      home: options.home,
      videos: options.videos,
      allowHost: [],
      maxFetch: 4096,
      baseUrl: options.baseUrl,
      serverModel: options.serverModel,
      inFlight: options.inFlight,
    },
    signal,
    interrupts,
  )
  await writeRun(await findJob(name, database, signal), out, database, signal)
  const { jobDetails } = await import('../queue/job-progress.ts')
  const state = await jobDetails(name, database, signal)
  process.stdout.write(
    `${oneLine(name)}: ${counted(state?.units ?? 0, 'sample')}, ${state?.done} answered, ${state?.failed} failed: ${oneLine(out)}\n`,
  )
  return state?.failed === 0 ? code : exitCodes.failed
}

async function requestOf(options: BenchRunOptions) {
  const { localJob, namedModelJob, serversJob } = await import('../queue/new-job.ts')
  const { frames, sampler, maxPixels, system, maxTokens, temperature, topP, topK, repeatPenalty, seed } = options
  const choices = {
    task: 'bench' as const,
    frames,
    sampler,
    maxPixels,
    system,
    sampling: { maxTokens, temperature, topP, topK, repeatPenalty, seed },
    events: { segment: eventDefaults.segmentSeconds, scenes: true, summary: true, precision: eventDefaults.precision },
  }
  if (options.engine === 'openai') {
    const served = await servedModel({ ...options, model: options.model ?? '' })
    return served.kind === 'imported'
      ? serversJob(served.manifest, picturesOf(options.pictures), choices)
      : await namedModelJob(served, choices)
  }
  const { readManifest } = await import('../engine/models/manifest.ts')
  const { DEMO_MODEL, resolveModel } = await import('../engine/models/registry.ts')
  return localJob(await readManifest(await resolveModel(options.model ?? DEMO_MODEL, homeOf(options))), choices)
}

/** Writes the predictions of a job in the layout of a run on one machine: a folder with settings for each data set. */
async function writeRun(job: Job, out: string, database: Database, signal: AbortSignal): Promise<void> {
  const { readResults } = await import('../queue/export/stored-results.ts')
  const { openWriter } = await import('../queue/export/write-export.ts')
  const open = new Map<string, { readonly writer: ResultWriter; readonly lock: AsyncDisposable }>()
  try {
    await readResults(
      job,
      database,
      async (page) => {
        for (const [set, results] of bySet(page)) {
          const there = open.get(set) ?? (await openSet(set))
          open.set(set, there)
          await there.writer.write(results)
        }
      },
      signal,
    )
    for (const { writer } of open.values()) await writer.finish()
  } finally {
    for (const { writer, lock } of open.values()) {
      await writer.close()
      await lock[Symbol.asyncDispose]()
    }
  }

  async function openSet(set: string) {
    const directory = join(out, set)
    const path = join(directory, PREDICTIONS_FILE)
    await mkdir(directory, { recursive: true }).catch((error: unknown) => {
      throw writeError(directory, error)
    })
    const lock = await lockRun(directory)
    try {
      await settleSettings(directory, set, job.settings, path)
      return { writer: await openWriter('jsonl', path, null, true), lock }
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }
}

function bySet(page: readonly StoredResult[]): Map<string, StoredResult[]> {
  const sets = new Map<string, StoredResult[]>()
  for (const result of page) {
    const { dataset } = predictionSchema.parse(JSON.parse(result.line))
    const set = dataSetOf(dataset)?.name ?? dataset
    sets.set(set, [...(sets.get(set) ?? []), result])
  }
  return sets
}
