import type { LanguagePrecision } from '../../shared/model-manifest.ts'
import { findInCatalogue } from '../models/catalogue.ts'
import type { CheckpointSize, ModelRoom } from '../models/hub/expect-room.ts'
import { bytesPerWeight, type Form, languageBytes, visionBytes } from './catalogue-memory.ts'

/**
 * Space that an import of a repository needs in `folder` besides the checkpoint. Of repositories in the catalogue the shape is known; the vision tower
 * counts in 32 bits, in which it is written first, for comparison. For others this is the least that the import needs.
 */
export async function importRoom(repository: string, { language }: Form, folder: string): Promise<ModelRoom> {
  const entry = await findInCatalogue(repository)
  if (entry === null) return { folder, bytesFrom: (download) => leastBytes(download, language) }
  const bytes = languageBytes(entry.language, language) + visionBytes(entry.vision, 'f32')
  // The hub may have a checkpoint of another size than the catalogue.
  return { folder, bytesFrom: ({ files }) => (bytes / entry.download.bytes) * bytesOf(files) }
}

/**
 * Bytes of a model whose shape is not known before the download, at least: a wrong refusal could not be overruled, while the import checks the space
 * again. The weights of the tower count like those of the language model. GGUF files are not converted to less.
 */
function leastBytes({ files, weights }: CheckpointSize, language: LanguagePrecision): number {
  const ending = (suffix: string) => bytesOf(files.filter(({ name }) => name.toLowerCase().endsWith(suffix)))
  const stored = ending('.safetensors')
  // A checkpoint has 16 or 32 bits per weight.
  const converted = weights === null ? stored / 4 : Math.min(weights, stored / 2)
  return converted * bytesPerWeight(language) + ending('.gguf')
}

function bytesOf(files: CheckpointSize['files']): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
