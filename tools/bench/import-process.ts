/**
 * Imports a checkpoint in a separate process. Prints the total seconds, processor seconds, the seconds of each stage, the peak of the process's own memory, and the
 * peak including pages of mapped files: `tsx import-process.ts CHECKPOINT HOME LANGUAGE VISION`.
 */
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import type { LanguagePrecision, VisionPrecision } from '../../src/shared/model-manifest.ts'
import { processorSeconds } from './processor-time.ts'
import { watchMemory } from './watch-memory.ts'

const [checkpoint = '', home = '', language, vision] = process.argv.slice(2)
const stages: Record<string, number> = {}
const most = watchMemory()
const began = performance.now()
let [stage, since] = ['opening', began]
const enter = (title: string) => {
  if (title === stage) return
  const now = performance.now()
  stages[stage] = (stages[stage] ?? 0) + (now - since) / 1000
  stage = title
  since = now
}
await importCheckpoint(checkpoint, {
  name: 'imported',
  language: language as LanguagePrecision,
  vision: vision as VisionPrecision,
  home,
  signal: new AbortController().signal,
  onProgress: ({ title }) => enter(title),
})
enter('end')
console.log(
  JSON.stringify({
    seconds: (performance.now() - began) / 1000,
    processorSeconds: processorSeconds(),
    stages,
    own: most(),
    resident: process.resourceUsage().maxRSS * 1024,
  }),
)
