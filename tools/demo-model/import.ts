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
  summary: 'It recognizes the colors, shapes and motions of drawn figures and their background, as in the examples.',
  recognizesOnly: 'moving shapes',
  // Kinds of questions that it was trained on.
  prompts: [
    { name: 'Detailed description', text: 'Describe the video in detail.' },
    { name: 'First', text: 'What happens first?' },
    { name: 'Last', text: 'What happens at the end?' },
    { name: 'Colors', text: 'What colors are the shapes?' },
    { name: 'Number of shapes', text: 'How many shapes are there?' },
    { name: 'Background', text: 'What color is the background?' },
    { name: 'Left', text: 'Which shape is on the left?' },
  ],
  textTasks: false,
  licence: 'apache-2.0',
  // It was trained on 1 to 64 frames per clip, and mostly on eight.
  frames: 8,
  maxFrames: 64,
  signal: new AbortController().signal,
})
