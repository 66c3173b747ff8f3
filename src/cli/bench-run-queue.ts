import { basename, join, resolve } from 'node:path'
import { PREDICTIONS_FILE } from '../bench/run/prediction-file.ts'
import { settleSettings } from '../bench/run/run-settings.ts'
import type { Selected } from '../bench/run/samples.ts'
import { makeFolder } from '../jobs/write-file.ts'
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
 * Shares a run with the machines that run the same command, or a worker: submits the samples as a job, works on it until all are done, and adds the
 * predictions of all machines to the folder of the run. Returns `failed` also if samples are left, such as those of a job that was paused.
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
  const { sampleForWorkers } = await import('../queue/clip-places.ts')
  const { writeRun } = await import('../queue/export/write-run.ts')
  const out = resolve(options.out)
  const name = options.job ?? basename(out)
  await using database = await openQueue(queueUrl(options.queue), signal)
  const job = await openJob({ name, tag: null, program: appVersion(), ...(await requestOf(options)) }, database, signal)
  // Other settings are reported before the work, not after it.
  for (const { dataSet } of sets) {
    const directory = join(out, dataSet.name)
    await makeFolder(directory)
    await settleSettings(directory, dataSet.name, job.settings, join(directory, PREDICTIONS_FILE))
  }
  async function* units() {
    for (const { samples } of sets)
      for (const sample of samples) yield { kind: 'sample', sample: sampleForWorkers(sample, options.videos ?? null) } as const
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
  const { units: all = 0, done = 0, failed = 0 } = (await jobDetails(name, database, signal)) ?? {}
  const left = all - done - failed
  process.stdout.write(
    `${oneLine(name)}: ${counted(all, 'sample')}, ${done} answered, ${failed} failed${left > 0 ? `, ${left} left` : ''}: ${oneLine(out)}\n`,
  )
  return failed + left > 0 ? exitCodes.failed : code
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
