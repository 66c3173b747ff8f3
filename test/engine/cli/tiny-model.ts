import { fileURLToPath } from 'node:url'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'

/** A random checkpoint of Tarsier2's architecture (tools/reference/make_fixtures.py). */
const CHECKPOINT = fileURLToPath(new URL('../../fixtures/parity/checkpoints/tied-heads-of-16/', import.meta.url))

/** Imports a real, tiny model into `home` by the name given: it knows nothing and says always the same of the same clip. Returns its folder. */
export async function makeTinyModel(home: string, name: string): Promise<string> {
  return await importCheckpoint(CHECKPOINT, { name, language: 'f32', vision: 'f32', home, signal: new AbortController().signal })
}
