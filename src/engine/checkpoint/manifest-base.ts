import { MANIFEST_VERSION, type ModelManifest } from '../../shared/model-manifest.ts'
import type { ModelOptions } from './model-parts.ts'

export const DESCRIBE = 'Describe the video in detail.'

type Base = Pick<
  ModelManifest,
  'formatVersion' | 'name' | 'summary' | 'recognizesOnly' | 'textTasks' | 'prompts' | 'licence' | 'source' | 'sampler' | 'generation'
>

/** A model family's original settings, which checkpoint files do not contain. */
export interface FamilySettings {
  /** Number of frames per clip. */
  readonly frames: number
  /** See the manifest's `sampler`. */
  readonly repeats: boolean
  /** Maximum number of tokens of an answer. */
  readonly maxTokens: number
}

/** Builds the manifest fields that are common to all families. */
export function manifestBase(
  options: ModelOptions,
  found: { readonly licence: string | undefined; readonly source: ModelManifest['source'] },
  { frames, repeats, maxTokens }: FamilySettings,
): Base {
  return {
    formatVersion: MANIFEST_VERSION,
    name: options.name,
    summary: options.summary ?? '',
    ...(options.recognizesOnly !== undefined && { recognizesOnly: options.recognizesOnly }),
    ...(options.prompts && { prompts: [...options.prompts] }),
    ...(options.textTasks !== undefined && { textTasks: options.textTasks }),
    licence: options.licence ?? found.licence ?? 'unknown',
    source: found.source,
    sampler: {
      kind: 'uniform',
      frames: options.frames ?? frames,
      ...(options.maxFrames !== undefined && { maxFrames: options.maxFrames }),
      repeats,
    },
    generation: { maxTokens: options.maxTokens ?? maxTokens, temperature: 0, topP: 1 },
  }
}
