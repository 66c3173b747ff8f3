/**
 * Creates `resources/models/demo` from the checkpoint folder that `export.py` wrote, with the app's own importer: `tsx import.ts CHECKPOINT
 * [DESTINATION]`.
 */
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'

const [checkpoint, destination = fileURLToPath(new URL('../../resources/models/demo', import.meta.url))] = process.argv.slice(2)
if (checkpoint === undefined) {
  console.error('Give the checkpoint folder.')
  process.exit(2)
}

await rm(destination, { recursive: true, force: true })
await importCheckpoint(checkpoint, {
  name: 'demo',
  destination,
  home: tmpdir(),
  language: 'f16',
  vision: 'f16',
  summary: 'Demo model: recognizes only moving shapes, their colors, motions and background.',
  licence: 'apache-2.0',
  // It was trained mostly on eight frames per clip.
  frames: 8,
  signal: new AbortController().signal,
})
