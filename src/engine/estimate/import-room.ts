import { findInCatalogue } from '../models/catalogue.ts'
import type { ModelRoom } from '../models/hub/expect-room.ts'
import { type Form, languageBytes, visionBytes } from './catalogue-memory.ts'

/**
 * Space that an import of a repository needs in `folder` besides the checkpoint; null for repositories that are not in the catalogue, whose shape is
 * not known before the download. The vision tower counts in 32 bits, in which it is written first, for comparison.
 */
export async function importRoom(repository: string, { language }: Form, folder: string): Promise<ModelRoom | null> {
  const entry = await findInCatalogue(repository)
  if (entry === null) return null
  const bytes = languageBytes(entry.language, language) + visionBytes(entry.vision, 'f32')
  return { folder, perDownloadedByte: bytes / entry.download.bytes }
}
