import { isDeepStrictEqual } from 'node:util'
import { OpenAiModel } from '../bench/run/openai-model.ts'
import { settingDifferences } from '../bench/run/run-settings.ts'
import { modelHashes } from '../bench/run/tarsier-settings.ts'
import { openTarsierModels } from '../bench/run/tarsier-workers.ts'
import { listModels } from '../engine/models/registry.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import { TarsierError } from '../shared/errors.ts'
import type { JobModel } from './job-request.ts'
import type { Job } from './job-store.ts'
import { samplesWork, textsWork, type UnitWork } from './unit-work.ts'

/** What a worker has on its machine to do the units of jobs. */
export interface WorkOptions {
  readonly home: string
  readonly device: DeviceChoice
  readonly untested: boolean
  /** Units that are done at the same time. With this program's engine each has a process with a model of its own. */
  readonly concurrency: number
  /** Addresses of OpenAI-compatible servers, for jobs of the engine `openai`. Empty for OPENAI_BASE_URL. */
  readonly baseUrls: readonly string[]
  /** Version of this program. */
  readonly version: string
  /** Imports a model that this machine does not have, and returns its folder. Null if the worker must not. */
  readonly fetchModel: ((model: Extract<JobModel, { engine: 'tarsier' }>, signal: AbortSignal) => Promise<void>) | null
}

/**
 * Loads what a job needs. Throws `model-missing` if no model here has the files of the job's, `queue-mismatch` if a model would work with other
 * settings, and as loading does.
 */
export async function openWork({ name, request, settings }: Job, options: WorkOptions, signal: AbortSignal): Promise<UnitWork> {
  const { model, frames, maxPixels, system, sampling } = request
  const choices = { frames, ...(maxPixels !== null && { maxPixels }), system, sampling }
  if (model.engine === 'openai') {
    const server = new OpenAiModel({
      model: model.name,
      baseUrls: options.baseUrls,
      perServer: Math.ceil(options.concurrency / Math.max(1, options.baseUrls.length)),
      clip: { form: model.send, frames: { kind: frames.sampler, count: frames.count }, ...(maxPixels !== null && { maxPixels }) },
      answerPrefixForm: model.begun,
      sampling,
      version: options.version,
    })
    return samplesWork([server, ...Array<OpenAiModel>(options.concurrency - 1).fill(server)])
  }
  const directory = await findModel(model, options, signal)
  const engine = { model: directory, device: options.device, home: options.home, untested: options.untested }
  if (request.task === 'events' || request.task === 'check') return await textsWork(request, engine, options.concurrency, signal)
  const models = await openTarsierModels(options.concurrency, { engine, ...choices, version: options.version }, signal)
  // The name of a model is this machine's own affair.
  const differences = settingDifferences({ ...settings, model: '' }, { ...models[0].settings, model: '' })
  const work = samplesWork(models)
  if (differences.length === 0) return work
  await work[Symbol.asyncDispose]()
  throw new TarsierError('queue-mismatch', `The job "${name}" has other settings than this worker would use: ${differences.join('; ')}.`)
}

/** The folder of the installed model whose files have the hashes of the job's. */
async function findModel(
  model: Extract<JobModel, { engine: 'tarsier' }>,
  { home, fetchModel }: WorkOptions,
  signal: AbortSignal,
): Promise<string> {
  const there = async () => {
    const models = await listModels(home)
    const same = models.filter(({ manifest }) => manifest !== null && isDeepStrictEqual(modelHashes(manifest), { ...model.files }))
    return (same.find(({ name }) => name === model.name) ?? same[0])?.directory
  }
  const found = await there()
  if (found !== undefined) return found
  if (fetchModel !== null && model.source !== null) {
    await fetchModel(model, signal)
    const fetched = await there()
    if (fetched !== undefined) return fetched
    throw new TarsierError(
      'model-mismatch',
      `The model that was imported from ${model.source.repository} has other files than the job's model "${model.name}". Copy the model's folder from the machine that submitted the job.`,
    )
  }
  const how =
    model.source === null
      ? "Copy the model's folder from the machine that submitted the job into the models folder of this one"
      : `Import ${model.source.repository} in the same precision, copy the model's folder, or start the worker with --fetch-model`
  throw new TarsierError('model-missing', `No model on this machine has the files of "${model.name}", the model of the job. ${how}.`, {
    details: { asked: model.name },
  })
}
