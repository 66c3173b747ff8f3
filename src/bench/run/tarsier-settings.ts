import { modelFiles } from '../../engine/models/manifest.ts'
import type { ServerPictures } from '../../servers/clip-form.ts'
import type { SamplerName } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { CaptionShape } from '../../shared/shaping/caption-shape.ts'
import { describeSettings } from './describe-settings.ts'
import { type RunSettings, TEXT_MODEL_SETTING } from './run-settings.ts'

/** What a user chooses about a run of an imported model. */
export interface TarsierChoices {
  readonly frames: { readonly count?: number | undefined; readonly sampler?: SamplerName | undefined }
  readonly maxPixels?: number | undefined
  readonly system?: string | undefined
  readonly sampling: Sampling
}

/** Settings of a run of this program's engine, which `run.json` and the jobs of a queue store. Loads nothing. */
export function tarsierSettings(manifest: ModelManifest, { frames, maxPixels, system = '', sampling }: TarsierChoices): RunSettings {
  return {
    engine: 'tarsier',
    model: manifest.name,
    files: modelHashes(manifest),
    frames: frames.count ?? manifest.sampler.frames,
    sampler: frames.sampler ?? manifest.sampler.kind,
    'max-pixels': maxPixels ?? null,
    ...(system !== '' && { system }),
    ...describeSettings(sampling),
  }
}

/** Settings of a run of an imported model on servers. Loads nothing. */
export function serversSettings(manifest: ModelManifest, pictures: ServerPictures, choices: TarsierChoices): RunSettings {
  return { ...tarsierSettings(manifest, choices), engine: 'openai', pictures }
}

/**
 * Settings of the shape of descriptions.
 * @param textModel sha256 of the text model that rewrites; null if the model itself rewrites, or nothing does
 */
export function shapeSettings(shape: CaptionShape | null, textModel: string | null): RunSettings {
  if (shape === null) return {}
  return { shape, ...(textModel !== null && { [TEXT_MODEL_SETTING]: textModel }) }
}

/** sha256 of the files of a model, by name. */
export function modelHashes(manifest: ModelManifest): Record<string, string> {
  return Object.fromEntries(modelFiles(manifest).map(({ file, sha256 }) => [file, sha256]))
}
