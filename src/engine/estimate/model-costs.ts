import { join } from 'node:path'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { familyOf, towerForm } from '../families/families.ts'
import { checkGguf, type GgufMetadata } from '../language/gguf-check.ts'
import type { TowerForm } from '../vision/tower-form.ts'
import type { MemoryInfo } from './memory-needed.ts'

/** Minimum number of tokens per frame when reducing pixels: 8 by 8, at which individual objects can still be distinguished. */
const MIN_TOKENS = 64

/** Properties of a model that determine the cost of a run. */
export interface ModelCosts {
  readonly memory: MemoryInfo
  readonly form: TowerForm
  /** Pixels below which frames are not reduced; infinite for towers with a fixed input size. */
  readonly minPixels: number
  /** Maximum number of frames of a clip; infinite if the manifest states none. */
  readonly maxFrames: number
}

/** `language` contains the properties from the language file's header that the manifest lacks. */
export function modelCosts(manifest: ModelManifest, language: GgufMetadata): ModelCosts {
  const { vision } = manifest
  const { tower, shrinks } = familyOf(manifest).costs(manifest)
  return {
    memory: {
      weights: { language: manifest.language.bytes, vision: vision.bytes + (vision.data?.bytes ?? 0), precision: vision.precision },
      language: {
        width: language.width,
        rowWidth: language.rowWidth,
        feedForward: language.feedForward,
        vocabulary: language.tokens,
        cellBytes: language.cellNumbers * (language.exact ? 4 : 2),
      },
      tower,
    },
    form: towerForm(manifest),
    minPixels: shrinks ? MIN_TOKENS * (vision.patchSize * vision.mergeSize) ** 2 : Number.POSITIVE_INFINITY,
    maxFrames: manifest.sampler.maxFrames ?? Number.POSITIVE_INFINITY,
  }
}

/** Headers of language files by the hashes of the files, because reading them is slow. */
const known = new Map<string, Promise<GgufMetadata>>()

/**
 * Reads the costs of a model on disk, including the header of its language file.
 * Throws `model-damaged`, `model-unsupported`, `file-missing`, `file-unreadable`.
 */
export async function readModelCosts(directory: string, manifest: ModelManifest): Promise<ModelCosts> {
  const { file, sha256 } = manifest.language
  const metadata = known.get(sha256) ?? checkGguf(join(directory, file))
  known.set(sha256, metadata)
  metadata.catch(() => known.delete(sha256)) // the next call tries again; this one throws
  return modelCosts(manifest, await metadata)
}
