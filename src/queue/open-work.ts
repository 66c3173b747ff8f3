import type { ModelUnderTest } from '../bench/run/model-under-test.ts'
import { OpenAiModel } from '../bench/run/openai-model.ts'
import { settingDifferences, TEXT_MODEL_SETTING } from '../bench/run/run-settings.ts'
import { ServersModel } from '../bench/run/servers-model.ts'
import { shapedModel } from '../bench/run/shaped-model.ts'
import { openTarsierModels } from '../bench/run/tarsier-workers.ts'
import { textModelOf } from '../engine/rewriting/rewriter.ts'
import { textModelHash } from '../engine/rewriting/text-models.ts'
import { DEFAULT_PER_SERVER } from '../servers/per-server.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import { assertNever, TarsierError } from '../shared/errors.ts'
import { isRewriting } from '../shared/shaping/caption-shape.ts'
import type { JobModels } from './job-models.ts'
import type { Job } from './job-store.ts'
import { samplesWork, textsWork, type UnitWork } from './unit-work.ts'

/** What a worker has on its machine to do the units of jobs. */
export interface WorkOptions {
  readonly home: string
  readonly device: DeviceChoice
  readonly untested: boolean
  /**
   * Units that are done at the same time. With this program's engine each has a process with a model of its own. Null for one, and for as many as
   * keep servers busy.
   */
  readonly concurrency: number | null
  readonly servers: ServerChoices
  /** Version of this program. */
  readonly version: string
  readonly models: JobModels
}

/** OpenAI-compatible servers, for jobs whose model is on servers. */
export interface ServerChoices {
  /** Base URLs. Empty for OPENAI_BASE_URL. */
  readonly baseUrls: readonly string[]
  /** Name of an imported model on the servers. Null for its name in the job. */
  readonly model: string | null
  /** Requests that one server works on at the same time. Null for the default. */
  readonly perServer: number | null
  /** Called with a sentence about a server that cannot be used yet. */
  readonly onNotice: (text: string) => void
}

/**
 * Loads what a job needs. Throws `model-missing` if no model here has the files of the job's, `rewriter-missing` and `model-mismatch` if the text
 * model that the job names is not here or has other contents, `queue-mismatch` if a model would work with other settings, and as loading does.
 */
export async function openWork(job: Job, options: WorkOptions, signal: AbortSignal): Promise<UnitWork> {
  const { task, model, frames, maxPixels, system, sampling, shape } = job.request
  const { version, servers, concurrency } = options
  const choices = { frames, ...(maxPixels !== null && { maxPixels }), system, sampling, version }
  switch (model.engine) {
    case 'openai': {
      const perServer = servers.perServer ?? DEFAULT_PER_SERVER
      const server = new OpenAiModel({
        model: model.name,
        baseUrls: servers.baseUrls,
        perServer,
        clip: { form: model.send, frames: { kind: frames.sampler, count: frames.count }, ...(maxPixels !== null && { maxPixels }) },
        answerPrefixForm: model.begun,
        system,
        sampling,
        version,
      })
      return samplesWork(severalOf(await shapedModel(server, shape), concurrency ?? perServer * Math.max(1, servers.baseUrls.length)))
    }
    case 'servers': {
      const remote = {
        model: await options.models.folderOf(model, signal),
        home: options.home,
        baseUrls: servers.baseUrls,
        serverModel: servers.model ?? model.name,
        perServer: servers.perServer ?? DEFAULT_PER_SERVER,
        format: model.pictures,
        onNotice: servers.onNotice,
      }
      const server = await ServersModel.open({ servers: remote, ...choices }, signal)
      return await withSameSettings(job, severalOf(await shapedModel(server, shape), concurrency ?? server.concurrency))
    }
    case 'tarsier': {
      const directory = await options.models.folderOf(model, signal)
      const engine = { model: directory, device: options.device, home: options.home, untested: options.untested }
      const slots = concurrency ?? 1
      if (task === 'events' || task === 'check') return await textsWork(job.request, engine, slots, signal)
      await expectSameTextModel(job, options.home, signal)
      return await withSameSettings(job, await openTarsierModels(slots, { engine, ...choices, shape }, signal))
    }
    default:
      return assertNever(model, 'engine of a job')
  }
}

/** One model that answers several samples at the same time. */
function severalOf(model: ModelUnderTest, count: number): [ModelUnderTest, ...ModelUnderTest[]] {
  return [model, ...Array<ModelUnderTest>(count - 1).fill(model)]
}

/** Before anything is loaded, and with a sentence that says more than the difference of two hashes. */
async function expectSameTextModel({ name, request: { shape }, settings }: Job, home: string, signal: AbortSignal): Promise<void> {
  const wanted = settings[TEXT_MODEL_SETTING]
  if (!isRewriting(shape) || wanted === undefined) return
  const path = await textModelOf(shape, { home })
  if (path === undefined || (await textModelHash(path, signal)) === wanted) return
  throw new TarsierError(
    'model-mismatch',
    `The text model ${path} is not the file that the job "${name}" was submitted with, so its captions would differ. Copy the file of this name from the machine that submitted the job.`,
    { details: { path } },
  )
}

async function withSameSettings({ name, settings }: Job, models: readonly [ModelUnderTest, ...ModelUnderTest[]]): Promise<UnitWork> {
  // The name of a model is this machine's own affair.
  const differences = settingDifferences({ ...settings, model: '' }, { ...models[0].settings, model: '' })
  const work = samplesWork(models)
  if (differences.length === 0) return work
  await work[Symbol.asyncDispose]()
  throw new TarsierError('queue-mismatch', `The job "${name}" has other settings than this worker would use: ${differences.join('; ')}.`)
}
