import type { AskSettings } from '../shared/contract/asking.ts'
import type { FindEventsSettings } from '../shared/contract/events.ts'
import type { Settings } from '../shared/contract/settings.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import type { FrameRequest } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { type Sampling, samplingSchema } from '../shared/sampling.ts'
import type { CaptionShape } from '../shared/shaping/caption-shape.ts'

/** A question's complete settings, so that it can be repeated after the app's settings change. */
export interface ResolvedSettings {
  readonly model: string
  readonly device: DeviceChoice
  readonly frames: FrameRequest
  readonly maxPixels?: number
  readonly system: string
  readonly sampling: Omit<Sampling, 'seed'> & { readonly seed?: number }
  readonly shape: CaptionShape | null
}

/** Resolves settings. Precedence: the question, the conversation's previous turn, the app's settings, the model's defaults. */
export function resolveSettings(
  requested: AskSettings,
  before: AskSettings | undefined,
  settings: Settings,
  manifest: Pick<ModelManifest, 'sampler' | 'generation'>,
): ResolvedSettings {
  const maxPixels = requested.maxPixels ?? before?.maxPixels ?? settings.maxPixels
  const { generation } = manifest
  const { seed, ...sampling } = samplingSchema.parse({
    maxTokens: settings.maxTokens ?? generation.maxTokens,
    temperature: settings.temperature ?? generation.temperature,
    topP: settings.topP ?? generation.topP,
    ...requested.sampling,
  })
  return {
    model: modelOf(requested, before, settings),
    device: requested.device ?? before?.device ?? settings.device,
    frames: requested.frames ?? before?.frames ?? sampledFrames(settings.frames ?? manifest.sampler.frames, settings, manifest),
    ...(maxPixels !== null && { maxPixels }),
    system: requested.system ?? before?.system ?? settings.system,
    sampling: { ...sampling, ...(seed !== undefined && { seed }) },
    shape: [requested, before, settings].find((from) => from?.shape !== undefined)?.shape ?? null,
  }
}

/** A number of frames, selected as the app's settings say, or else the model. */
export function sampledFrames(
  count: number,
  { sampler }: Pick<Settings, 'sampler'>,
  manifest: Pick<ModelManifest, 'sampler'>,
): NonNullable<FindEventsSettings['frames']> {
  return { kind: sampler ?? manifest.sampler.kind, count }
}

/** The question that is asked where a user gives none: the shape's, or the model's about a clip of this kind. */
export function ownQuestion(
  { shape }: ResolvedSettings,
  { prompt }: Pick<ModelManifest, 'prompt'>,
  kind: Parameters<typeof descriptionPrompt>[1],
): string {
  return shape?.prompt ?? descriptionPrompt(prompt, kind)
}

/** Returns the name of the requested model; its manifest provides the remaining defaults. */
export function modelOf(requested: AskSettings, before: AskSettings | undefined, settings: Settings): string {
  return requested.model ?? before?.model ?? settings.model
}
