import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Engine } from '../../src/engine/engine.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { benchClip } from './clips.ts'
import { median } from './measure.ts'
import { randomModel } from './random-model.ts'
import type { BenchOptions, Measured } from './section.ts'

/** Target: maximum CPU seconds in the first second after a run. */
const AIM = 0.05

/** Measures the engine's CPU use after an answer, which reveals spinning threads of decoders, ONNX Runtime and llama.cpp. */
export async function measureRest(options: BenchOptions): Promise<Measured> {
  const model = await randomModel(options.cache, 'eyes')
  const path = await benchClip(options.cache, '30s', 'mp4')
  await mkdir(options.cache, { recursive: true })
  const home = await mkdtemp(join(options.cache, 'home-'))
  const data: { first: number; second: number }[] = []
  try {
    // In this process, whose CPU time includes all engine threads. The disk cache is disabled, since writing it is work.
    await using engine = new Engine({ model, home, device: 'auto', cache: false })
    for (let round = 0; round < options.rounds; round++) {
      const sampling = samplingSchema.parse({ maxTokens: 32 })
      const turn = { kind: 'ask', text: 'What happens?', clip: { path, frames: { kind: 'uniform', count: 4 } }, sampling } as const
      for await (const _ of engine.answer(`round ${round}`, turn, new AbortController().signal)) {
        // only the end of the answer matters
      }
      data.push({ first: await cpuOfOneSecond(), second: await cpuOfOneSecond() })
      await engine.close(`round ${round}`)
    }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
  const first = median(data.map((round) => round.first))
  const second = median(data.map((round) => round.second))
  return {
    columns: ['after the answer', 'CPU'],
    rows: [
      ['first second', `${first.toFixed(3)} s`],
      ['second second', `${second.toFixed(3)} s`],
    ],
    notes: ['All threads of the engine, the model loaded and the conversation open; the disk cache is off.'],
    targets: [{ what: `less than ${AIM} s of CPU in the first second`, met: first < AIM }],
    data,
  }
}

async function cpuOfOneSecond(): Promise<number> {
  const before = process.cpuUsage()
  await setTimeout(1000)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
