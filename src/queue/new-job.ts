import type { AnswerPrefixForm } from '../bench/run/answer-prefix-form.ts'
import type { ClipForm } from '../bench/run/openai-clip.ts'
import { OpenAiModel } from '../bench/run/openai-model.ts'
import type { RunSettings } from '../bench/run/run-settings.ts'
import { modelHashes, serversSettings, shapeSettings, type TarsierChoices, tarsierSettings } from '../bench/run/tarsier-settings.ts'
import type { ServerPictures } from '../servers/clip-form.ts'
import type { QueueTask } from '../shared/contract/queue.ts'
import { TarsierError } from '../shared/errors.ts'
import type { SamplerName } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { eventFrames } from '../shared/options.ts'
import { type Sampling, samplingSchema } from '../shared/sampling.ts'
import type { CaptionShape } from '../shared/shaping/caption-shape.ts'
import type { ImportedModel, JobModel, JobRequest } from './job-request.ts'

/** What a user chooses about a job; what is left out is the model's default. */
export interface JobChoices {
  readonly task: QueueTask
  readonly frames?: number | undefined
  readonly sampler?: SamplerName | undefined
  readonly maxPixels?: number | undefined
  readonly prompt?: string | undefined
  readonly system?: string | undefined
  readonly shape?: CaptionShape | null
  /** sha256 of the text model that rewrites descriptions; null or absent for none. */
  readonly textModel?: string | null
  readonly sampling: { readonly [Name in keyof Sampling]?: Sampling[Name] | undefined }
  readonly events: { readonly segment: number; readonly scenes: boolean; readonly summary: boolean; readonly precision: number }
}

const SERVER_FRAMES = 16

interface RequestedJob {
  readonly request: JobRequest
  readonly settings: RunSettings
}

/** The request and settings of a job for a model that is installed here, and in the workers' engines. */
export function localJob(manifest: ModelManifest, choices: JobChoices): RequestedJob {
  const request = importedRequest({ engine: 'tarsier', ...importedModel(manifest) }, manifest, choices)
  const settings = { ...tarsierSettings(manifest, runChoices(request)), ...taskSettings(request, choices.textModel) }
  return { request, settings }
}

/**
 * The request and settings of a job for a model that is installed here, and on OpenAI-compatible servers, whose addresses are the workers' own.
 * Throws `usage` for events and checks.
 */
export function serversJob(manifest: ModelManifest, pictures: ServerPictures, choices: JobChoices): RequestedJob {
  expectAnswers(choices.task)
  const request = importedRequest({ engine: 'servers', ...importedModel(manifest), pictures }, manifest, choices)
  return { request, settings: { ...serversSettings(manifest, pictures, runChoices(request)), ...taskSettings(request) } }
}

/**
 * The request and settings of a job for any model on OpenAI-compatible servers, whose addresses are the workers' own. Throws `usage` for events and
 * checks.
 */
export async function namedModelJob(
  { name, send, begun }: { readonly name: string; readonly send: ClipForm; readonly begun: AnswerPrefixForm },
  choices: JobChoices,
): Promise<RequestedJob> {
  expectAnswers(choices.task)
  const sampling = samplingSchema.parse(defined(choices.sampling))
  const request = requestOf({ engine: 'openai', name, send, begun }, choices, sampling, {
    count: choices.frames ?? SERVER_FRAMES,
    sampler: choices.sampler ?? 'uniform',
  })
  const { frames, maxPixels, system } = request
  // Not contacted: only its settings are asked for.
  await using server = new OpenAiModel({
    model: name,
    clip: { form: send, frames: { kind: frames.sampler, count: frames.count }, ...(maxPixels !== null && { maxPixels }) },
    answerPrefixForm: begun,
    system,
    sampling,
    version: '',
  })
  return { request, settings: { ...server.settings, ...taskSettings(request) } }
}

function importedModel(manifest: ModelManifest): ImportedModel {
  const { source, language, vision } = manifest
  const precision = language.precision
  return {
    name: manifest.name,
    files: modelHashes(manifest),
    source:
      precision === 'other' || source.adapter !== undefined || !/^[\w.-]+\/[\w.-]+$/.test(source.repository)
        ? null
        : { repository: source.repository, revision: source.revision, language: precision, vision: vision.precision },
  }
}

function importedRequest(model: JobModel, manifest: ModelManifest, choices: JobChoices): JobRequest {
  const sampling = samplingSchema.parse({ ...manifest.generation, ...defined(choices.sampling) })
  const { frames: count } = manifest.sampler
  return requestOf(model, choices, sampling, {
    count: choices.frames ?? (choices.task === 'events' ? eventFrames(count) : count),
    sampler: choices.sampler ?? manifest.sampler.kind,
  })
}

function runChoices({ frames, maxPixels, system, sampling }: JobRequest): TarsierChoices {
  return { frames, ...(maxPixels !== null && { maxPixels }), system, sampling }
}

function expectAnswers(task: QueueTask): void {
  if (task === 'events' || task === 'check')
    throw new TarsierError(
      'usage',
      'Servers do not tell how likely a given text is, so events and checks need a model on the workers. Remove --engine openai.',
    )
}

function requestOf(model: JobModel, choices: JobChoices, sampling: Sampling, frames: JobRequest['frames']): JobRequest {
  const { task, maxPixels = null, prompt = null, system = '', shape = null, events } = choices
  return { format: 1, task, model, frames, maxPixels, prompt, system, sampling, shape, events: task === 'events' ? { ...events } : null }
}

/** Settings of events and checks, and the shape of descriptions, which runs of benchmarks do not have. */
function taskSettings({ task, prompt, shape, events }: JobRequest, textModel: string | null = null): RunSettings {
  if (task === 'events' || task === 'check') return { task, prompt, ...events }
  return shapeSettings(shape, textModel)
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
