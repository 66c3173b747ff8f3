import { MANIFEST_VERSION, type ModelManifest } from '../../../shared/model-manifest.ts'
import type { ModelWishes } from './model-parts.ts'

/** The makers' own settings for both families, which no file of a checkpoint tells. */
const SAMPLER = 'uniform'
const GENERATION = { maxTokens: 256, temperature: 0, topP: 1 } as const
export const DESCRIBE = 'Describe the video in detail.'

type Base = Pick<ModelManifest, 'formatVersion' | 'name' | 'summary' | 'licence' | 'source' | 'sampler' | 'generation'>

/** What every family's manifest says alike. `frames` is the family's own number of frames. */
export function manifestBase(
  wishes: ModelWishes,
  found: { readonly licence: string | undefined; readonly source: ModelManifest['source']; readonly frames: number },
): Base {
  return {
    formatVersion: MANIFEST_VERSION,
    name: wishes.name,
    summary: wishes.summary ?? '',
    licence: wishes.licence ?? found.licence ?? 'unknown',
    source: found.source,
    sampler: { kind: SAMPLER, frames: wishes.frames ?? found.frames },
    generation: GENERATION,
  }
}
