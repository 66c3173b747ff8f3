import type { AnswerPrefixForm } from '../bench/run/answer-prefix-form.ts'
import type { ClipForm } from '../bench/run/openai-clip.ts'
import { OpenAiModel } from '../bench/run/openai-model.ts'
import type { RunSettings } from '../bench/run/run-settings.ts'
import { modelHashes, tarsierSettings } from '../bench/run/tarsier-settings.ts'
import type { QueueTask } from '../shared/contract/queue.ts'
import type { SamplerName } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { eventFrames } from '../shared/options.ts'
import { type Sampling, samplingSchema } from '../shared/sampling.ts'
import type { JobModel, JobRequest } from './job-request.ts'

/** What a user chooses about a job; what is left out is the model's default. */
export interface JobChoices {
  readonly task: QueueTask
  readonly frames?: number | undefined
  readonly sampler?: SamplerName | undefined
  readonly maxPixels?: number | undefined
  readonly prompt?: string | undefined
  readonly system?: string | undefined
  readonly sampling: { readonly [Name in keyof Sampling]?: Sampling[Name] | undefined }
  readonly events: { readonly segment: number; readonly scenes: boolean; readonly summary: boolean; readonly precision: number }
}

const SERVER_FRAMES = 16

/** The request and settings of a job for a model that is installed here. */
export function localJob(manifest: ModelManifest, choices: JobChoices): { readonly request: JobRequest; readonly settings: RunSettings } {
  const { source, language, vision } = manifest
  const precision = language.precision
  const model: JobModel = {
    engine: 'tarsier',
    name: manifest.name,
    files: modelHashes(manifest),
    source:
      precision === 'other' || source.adapter !== undefined || !/^[\w.-]+\/[\w.-]+$/.test(source.repository)
        ? null
        : { repository: source.repository, revision: source.revision, language: precision, vision: vision.precision },
  }
  const sampling = samplingSchema.parse({ ...manifest.generation, ...defined(choices.sampling) })
  const { frames: count } = manifest.sampler
  const request = requestOf(model, choices, sampling, {
    count: choices.frames ?? (choices.task === 'events' ? eventFrames(count) : count),
    sampler: choices.sampler ?? manifest.sampler.kind,
  })
  const { frames, maxPixels, system } = request
  const settings = tarsierSettings(manifest, { frames, ...(maxPixels !== null && { maxPixels }), system, sampling })
  return { request, settings: { ...settings, ...taskSettings(request) } }
}

/** The request and settings of a job for a model on OpenAI-compatible servers, whose addresses are the workers' own. */
export async function serverJob(
  model: { readonly name: string; readonly send: ClipForm; readonly begun: AnswerPrefixForm },
  choices: JobChoices,
): Promise<{ readonly request: JobRequest; readonly settings: RunSettings }> {
  const sampling = samplingSchema.parse(defined(choices.sampling))
  const request = requestOf({ engine: 'openai', ...model }, choices, sampling, {
    count: choices.frames ?? SERVER_FRAMES,
    sampler: choices.sampler ?? 'uniform',
  })
  const { frames, maxPixels } = request
  // Not contacted: only its settings are asked for.
  await using server = new OpenAiModel({
    model: model.name,
    clip: { form: model.send, frames: { kind: frames.sampler, count: frames.count }, ...(maxPixels !== null && { maxPixels }) },
    answerPrefixForm: model.begun,
    sampling,
    version: '',
  })
  return { request, settings: server.settings }
}

function requestOf(model: JobModel, choices: JobChoices, sampling: Sampling, frames: JobRequest['frames']): JobRequest {
  const { task, maxPixels = null, prompt = null, system = '', events } = choices
  return { format: 1, task, model, frames, maxPixels, prompt, system, sampling, events: task === 'events' ? { ...events } : null }
}

/** Settings of events and checks, which runs of samples do not have. */
function taskSettings({ task, prompt, events }: JobRequest): RunSettings {
  if (task === 'events' || task === 'check') return { task, prompt, ...events }
  return {}
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
