/** Imports a checkpoint in a process of its own, and prints the seconds it took and the most memory it held: `tsx import-process.ts CHECKPOINT HOME LANGUAGE VISION`. */
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import type { LanguagePrecision, VisionPrecision } from '../../src/shared/model-manifest.ts'

const [checkpoint = '', home = '', language, vision] = process.argv.slice(2)
const began = performance.now()
await importCheckpoint(checkpoint, {
  name: 'imported',
  language: language as LanguagePrecision,
  vision: vision as VisionPrecision,
  home,
  signal: new AbortController().signal,
})
console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, resident: process.resourceUsage().maxRSS * 1024 }))
