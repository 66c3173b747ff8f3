import { join } from 'node:path'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { checkGguf } from '../language/gguf-check.ts'
import { NOTHING_OFFLOADED } from './gpu-share.ts'
import { anyMemory, NOTHING_HELD, scalesOf, weigh } from './scales.ts'

/** A film as most are: as large as any model's budget lets through. */
const FRAME = { width: 1920, height: 1080 }
/** Question and template. */
const TEXT_TOKENS = 512

/**
 * Bytes of memory that a model which is here takes while it answers about a film, with as many frames and words as it takes by itself.
 * Reads the head of its language file. Throws `model-damaged`, `model-unsupported`, `file-missing`, `file-unreadable`.
 */
export async function weighModel(directory: string, manifest: ModelManifest): Promise<number> {
  const scales = scalesOf(manifest, await checkGguf(join(directory, manifest.language.file)))
  const settings = { frames: manifest.sampler.frames, maxPixels: undefined }
  const beside = {
    text: TEXT_TOKENS,
    pictures: 0,
    answer: manifest.generation.maxTokens,
    held: NOTHING_HELD,
    offload: NOTHING_OFFLOADED,
  }
  return weigh(scales, FRAME, settings, beside, anyMemory(manifest.maxSequence)).memory.total
}
