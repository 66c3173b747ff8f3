import { join } from 'node:path'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { familyOf, towerForm } from '../families/families.ts'
import { checkGguf, type GgufFacts } from '../language/gguf-check.ts'
import type { TowerForm } from '../vision/tower-form.ts'
import type { MemoryFacts } from './memory-needed.ts'

/** Tokens of a frame below which it is not shrunk to fit: 8 by 8, where single things can still be told apart. */
const MIN_TOKENS = 64

/** What the cost of a run is computed from, for one model. */
export interface ModelCosts {
  readonly memory: MemoryFacts
  readonly form: TowerForm
  /** Pixels below which a frame is not shrunk; infinite for towers that take one size only. */
  readonly minPixels: number
}

/** `language` is what the language file's head says, which the manifest does not. */
export function modelCosts(manifest: ModelManifest, language: GgufFacts): ModelCosts {
  const { vision } = manifest
  const { tower, shrinks } = familyOf(manifest).costs(manifest)
  return {
    memory: {
      weights: { language: manifest.language.bytes, vision: vision.bytes + (vision.data?.bytes ?? 0), precision: vision.precision },
      language: {
        width: language.width,
        feedForward: language.feedForward,
        vocabulary: language.tokens,
        cellBytes: language.cellNumbers * (language.exact ? 4 : 2),
      },
      tower,
    },
    form: towerForm(manifest),
    minPixels: shrinks ? MIN_TOKENS * (vision.patchSize * vision.mergeSize) ** 2 : Number.POSITIVE_INFINITY,
  }
}

/**
 * The costs of a model on disk. Reads the head of its language file.
 * Throws `model-damaged`, `model-unsupported`, `file-missing`, `file-unreadable`.
 */
export async function readModelCosts(directory: string, manifest: ModelManifest): Promise<ModelCosts> {
  return modelCosts(manifest, await checkGguf(join(directory, manifest.language.file)))
}
