import type { AskSettings } from '../shared/contract/asking.ts'
import type { Settings } from '../shared/contract/settings.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import type { FrameRequest } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { type Sampling, samplingSchema } from '../shared/sampling.ts'

/** A question's settings with nothing left open, so that the same can be asked again whatever the settings are by then. */
export interface ResolvedSettings {
  readonly model: string
  readonly device: DeviceChoice
  readonly frames: FrameRequest
  readonly maxPixels?: number
  readonly sampling: Omit<Sampling, 'seed'> & { readonly seed?: number }
}

/** Settings by their rank: what was said for this question, before that for this conversation, in the settings, by the model's makers. */
export function resolveSettings(
  asked: AskSettings,
  before: AskSettings | undefined,
  settings: Settings,
  manifest: Pick<ModelManifest, 'sampler' | 'generation'>,
): ResolvedSettings {
  const maxPixels = asked.maxPixels ?? before?.maxPixels ?? settings.maxPixels
  const { generation, sampler } = manifest
  const { seed, ...sampling } = samplingSchema.parse({
    maxTokens: settings.maxTokens ?? generation.maxTokens,
    temperature: settings.temperature ?? generation.temperature,
    topP: settings.topP ?? generation.topP,
    ...asked.sampling,
  })
  return {
    model: modelOf(asked, before, settings),
    device: asked.device ?? before?.device ?? settings.device,
    frames: asked.frames ?? before?.frames ?? { kind: settings.sampler ?? sampler.kind, count: settings.frames ?? sampler.frames },
    ...(maxPixels !== null && { maxPixels }),
    sampling: { ...sampling, ...(seed !== undefined && { seed }) },
  }
}

/** Which model is asked; its manifest decides the rest. */
export function modelOf(asked: AskSettings, before: AskSettings | undefined, settings: Settings): string {
  return asked.model ?? before?.model ?? settings.model
}
