/**
 * Asks a model about a clip in a separate process, with few frames and then with more. For each run, prints the estimate made before it, the actual
 * figures, and the peak memory of the process: `tsx answer-process.ts MODEL CLIP HOME FRAMES FRAMES…`.
 */
import { Engine } from '../../src/engine/engine.ts'
import { ownMemory } from '../../src/platform/memory-limit.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { watchMemory } from './watch-memory.ts'

const [model = '', path = '', home = '', ...counts] = process.argv.slice(2)
const signal = new AbortController().signal
const sampling = samplingSchema.parse({ maxTokens: 32 })
await using engine = new Engine({ model, home, device: 'cpu', cache: false })
const runs: object[] = []
const text = 'Describe the video in detail.'
const requestOf = (count: number) => ({ text, clip: { path, frames: { kind: 'uniform', count } }, maxTokens: sampling.maxTokens }) as const
const before = ownMemory()
const { memory } = await engine.estimate({ ...requestOf(1), measure: false }, signal)
// llama.cpp reads the weights that it did not copy from the mapped file in every run: they must be in memory, too.
const mapped = Math.max(0, memory.languageWeights - (ownMemory() - before))
const most = watchMemory()
for (const count of counts.map(Number)) {
  const request = requestOf(count)
  const estimate = await engine.estimate({ ...request, measure: true }, signal)
  for await (const event of engine.answer(`${count} frames`, { kind: 'ask', text, clip: request.clip, sampling }, signal)) {
    if (event.kind !== 'done') continue
    const { timings, tokens } = event.answer
    runs.push({ frames: count, estimate, timings, tokens, needed: most() + mapped, resident: process.resourceUsage().maxRSS * 1024 })
  }
  await engine.close(`${count} frames`)
}
console.log(JSON.stringify(runs))
