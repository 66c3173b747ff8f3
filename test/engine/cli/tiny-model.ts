import { fileURLToPath } from 'node:url'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'

/** A random checkpoint with Tarsier2's architecture (tools/reference/make_fixtures.py). */
const CHECKPOINT = fileURLToPath(new URL('../../fixtures/parity/checkpoints/tied-heads-of-16/', import.meta.url))

/** Imports a real, tiny model into `home` under the given name and returns its folder. Its output is meaningless but deterministic. */
export async function makeTinyModel(home: string, name: string): Promise<string> {
  return await importCheckpoint(CHECKPOINT, { name, language: 'f32', vision: 'f32', home, signal: new AbortController().signal })
}
