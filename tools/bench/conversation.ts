import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TurnRequest } from '../../src/engine/engine-client.ts'
import { type HostClient, startEngineHost } from '../../src/engine/host/host-client.ts'
import type { Answer } from '../../src/shared/engine-events.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { benchClip } from './clips.ts'
import { median } from './measure.ts'
import { randomModel } from './random-model.ts'
import type { BenchOptions, Measured } from './section.ts'

const FRAMES = 8
/** Target: how many times faster the first token of a second question must arrive than after a cold start. */
const AIM = 20

interface Timed {
  /** Milliseconds from the question to the first text. */
  readonly first: number
  readonly answer: Answer
}

/**
 * Measures the whole engine in a separate process, with a clip whose encoding is most of the work: the time to the first text of a new engine's
 * first question, of a second question, and of a question to another engine that finds the clip in the disk cache.
 */
export async function measureConversation(options: BenchOptions): Promise<Measured> {
  const model = await randomModel(options.cache, 'eyes')
  const clip = await benchClip(options.cache, '30s', 'mp4')
  const rounds: Awaited<ReturnType<typeof oneRound>>[] = []
  for (let round = 0; round < options.rounds; round++) rounds.push(await oneRound(model, clip, options.cache))

  const of = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick))
  const [start, cold] = [of((round) => round.start), of((round) => round.cold.first)]
  const [second, again] = [of((round) => round.second.first), of((round) => round.again.first)]
  const row = (name: string, time: number, { answer }: Timed) => [
    name,
    `${time.toFixed(0)} ms`,
    `${(cold / time).toFixed(1)}×`,
    String(answer.tokens.evaluated),
    answer.cached,
  ]
  const last = rounds.at(-1)
  if (!last) throw new RangeError('at least one round is needed')
  return {
    columns: ['question', 'first text', 'sooner than cold', 'tokens evaluated', 'from disk'],
    rows: [
      row('cold: decode, encode, prefill', cold, last.cold),
      row('second question', second, last.second),
      row('the same clip after a restart', again, last.again),
    ],
    notes: [
      `${FRAMES} frames of 1280×720 at ${last.cold.answer.width}×${last.cold.answer.height}, ${last.cold.answer.tokens.visual} visual tokens; a random tower of 8 layers of 640, a random language model of 4 layers of 256.`,
      `Starting the engine's process and loading the model, ${start.toFixed(0)} ms, is not in these times; it comes before the cold question and before the one after a restart.`,
      `Of the cold question ${last.cold.answer.timings.encode.toFixed(0)} ms are encoding, ${last.cold.answer.timings.prefill.toFixed(0)} ms prefill.`,
    ],
    targets: [
      { what: `a second question's first text at least ${AIM} times sooner than a cold start's`, met: cold / second >= AIM },
      { what: `the same after a restart, from disk`, met: cold / again >= AIM },
    ],
    data: { rounds },
  }
}

async function oneRound(model: string, path: string, cache: string) {
  await mkdir(cache, { recursive: true })
  const home = await mkdtemp(join(cache, 'home-'))
  try {
    const clip = { path, frames: { kind: 'uniform', count: FRAMES } } as const
    const before = performance.now()
    let host = await startedHost(model, home)
    const start = performance.now() - before
    let cold: Timed
    let second: Timed
    try {
      cold = await ask(host, 'What happens in this video?', clip)
      second = await ask(host, 'And what comes last?')
      await host.close('clip')
    } finally {
      await host[Symbol.asyncDispose]()
    }
    host = await startedHost(model, home)
    try {
      return { start, cold, second, again: await ask(host, 'Which colour is the square?', clip) }
    } finally {
      await host[Symbol.asyncDispose]()
    }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function startedHost(model: string, home: string): Promise<HostClient> {
  const host = startEngineHost({ model, home, device: 'auto', cache: true })
  await host.load(new AbortController().signal)
  return host
}

async function ask(host: HostClient, text: string, clip?: Extract<TurnRequest, { kind: 'ask' }>['clip']): Promise<Timed> {
  const sampling = samplingSchema.parse({ maxTokens: 8 })
  const start = performance.now()
  let first: number | null = null
  for await (const event of host.answer('clip', { kind: 'ask', text, clip, sampling }, new AbortController().signal)) {
    if (event.kind === 'delta') first ??= performance.now() - start
    if (event.kind === 'done') return { first: first ?? performance.now() - start, answer: event.answer }
  }
  throw new Error('the engine gave no answer')
}
