import { MANIFEST_VERSION, type ModelManifest } from '../../shared/model-manifest.ts'
import type { ModelWishes } from './model-parts.ts'

export const DESCRIBE = 'Describe the video in detail.'

type Base = Pick<ModelManifest, 'formatVersion' | 'name' | 'summary' | 'licence' | 'source' | 'sampler' | 'generation'>

/** The makers' own settings of a family, which no file of a checkpoint tells. */
export interface FamilySettings {
  /** Frames a clip gives. */
  readonly frames: number
  /** See the manifest's `sampler`. */
  readonly repeats: boolean
  /** Most tokens of an answer. */
  readonly maxTokens: number
}

/** What every family's manifest says alike. */
export function manifestBase(
  wishes: ModelWishes,
  found: { readonly licence: string | undefined; readonly source: ModelManifest['source'] },
  { frames, repeats, maxTokens }: FamilySettings,
): Base {
  return {
    formatVersion: MANIFEST_VERSION,
    name: wishes.name,
    summary: wishes.summary ?? '',
    licence: wishes.licence ?? found.licence ?? 'unknown',
    source: found.source,
    sampler: { kind: 'uniform', frames: wishes.frames ?? frames, repeats },
    generation: { maxTokens, temperature: 0, topP: 1 },
  }
}
