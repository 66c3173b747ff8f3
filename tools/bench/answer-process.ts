/**
 * Asks a model about a clip in a process of its own, with few frames and then with more, and prints for each run what was estimated before it, what
 * it took, and the most memory the process ever held: `tsx answer-process.ts MODEL CLIP HOME FRAMES FRAMES…`.
 */
import { Engine } from '../../src/engine/engine.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'

const [model = '', path = '', home = '', ...counts] = process.argv.slice(2)
const signal = new AbortController().signal
const sampling = samplingSchema.parse({ maxTokens: 32 })
await using engine = new Engine({ model, home, device: 'cpu', cache: false })
const runs: object[] = []
for (const count of counts.map(Number)) {
  const clip = { path, frames: { kind: 'uniform', count } } as const
  const text = 'Describe the video in detail.'
  const estimate = await engine.estimate({ clip, text, maxTokens: sampling.maxTokens, measure: true }, signal)
  for await (const event of engine.answer(`${count} frames`, { kind: 'ask', text, clip, sampling }, signal)) {
    if (event.kind !== 'done') continue
    const { timings, tokens } = event.answer
    runs.push({ frames: count, estimate, timings, tokens, resident: process.resourceUsage().maxRSS * 1024 })
  }
  await engine.close(`${count} frames`)
}
console.log(JSON.stringify(runs))
