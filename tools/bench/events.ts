import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type HostClient, startEngineHost } from '../../src/engine/host/host-client.ts'
import type { Answer } from '../../src/shared/engine-events.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { benchClip } from './clips.ts'
import { Closers } from './closers.ts'
import { fullTower } from './full-tower.ts'
import { eventsLayers, randomModel } from './random-model.ts'
import type { BenchOptions, Measured } from './section.ts'

const FRAMES = 16
/** Layers of the real model. */
const WHOLE = 28
/** Target: seconds of scoring as a part of those of the description. */
const AIM = 0.25
const TEXT =
  'A man in a dark coat walks along the pier, stops beside a boat and looks at the water. He picks up a rope, coils it around his arm and throws it ' +
  'to a woman on deck, who ties it to a post. Then the boat turns slowly, a gull lands on the rail and the man waves until it has left the harbour.'

/** Seconds of one clip with one model. */
interface Timed {
  readonly layers: number
  /** Tokens of the clip, and of the scored text. */
  readonly visual: number
  readonly text: number
  /** Seconds to decode and encode the frames; encoding is that of a tower of full size. */
  readonly encode: number
  readonly prefill: number
  /** Seconds to generate as many tokens as the text has. */
  readonly generate: number
  readonly score: number
}

/** Size of a frame at full budget, and the visual tokens it gives. */
const FRAME = { width: 896, height: 504, tokens: 576 } as const

/**
 * Measures what the times of events cost beside a description, with two random language models of Qwen2-VL-2B's width and vocabulary and few
 * layers. Everything but the output is proportional to the number of layers, so that two models tell the cost of the whole one.
 */
export async function measureEvents(options: BenchOptions): Promise<Measured> {
  const clip = await benchClip(options.cache, '30s', 'mp4')
  const encode = await encodingSeconds()
  const runs: Timed[] = []
  for (const layers of eventsLayers)
    runs.push(await oneRun(await randomModel(options.cache, `events-${layers}`), layers, clip, { cache: options.cache, encode }))
  const whole = extrapolated(runs)
  const share = ({ encode, prefill, generate, score }: Timed) => score / (encode + prefill + generate)
  const [first] = runs
  return {
    columns: ['layers', 'encoding', 'prefill', 'generating', 'scoring', 'scoring of the description'],
    rows: [...runs, whole].map((run) => [
      run === whole ? `${WHOLE}, calculated` : String(run.layers),
      ...[run.encode, run.prefill, run.generate, run.score].map((seconds) => `${seconds.toFixed(1)} s`),
      `${(100 * share(run)).toFixed(1)} %`,
    ]),
    notes: [
      `${FRAMES} frames, ${first?.visual} visual tokens, a text of ${first?.text} tokens scored after every frame and without the clip; a language model of Qwen2-VL-2B's width (1536) and vocabulary (151,936) in q8_0.`,
      `The description is encoding by a random tower of full size in f16 (${FRAMES} times one frame of ${FRAME.width}×${FRAME.height}), prefill, and generating a text of the same length. Decoding is not counted.`,
      'Layers cost the same each, and the output with its vocabulary once; the last row is the line through the two runs.',
    ],
    targets: [{ what: `times of events cost at most ${100 * AIM} % of the description`, met: share(whole) <= AIM }],
    data: { runs, whole },
  }
}

/** The line through two runs, at the layers of the real model. */
function extrapolated([less, more]: readonly Timed[]): Timed {
  if (!less || !more) throw new RangeError('two models are needed')
  const at = (pick: (run: Timed) => number) =>
    pick(less) + ((WHOLE - less.layers) * (pick(more) - pick(less))) / (more.layers - less.layers)
  return {
    ...less,
    layers: WHOLE,
    prefill: at(({ prefill }) => prefill),
    generate: at(({ generate }) => generate),
    score: at(({ score }) => score),
  }
}

async function oneRun(model: string, layers: number, path: string, { cache, encode }: { cache: string; encode: number }): Promise<Timed> {
  await mkdir(cache, { recursive: true })
  const home = await mkdtemp(join(cache, 'home-'))
  const host = startEngineHost({ model, home, device: 'cpu', cache: false })
  try {
    const text = (await promptTokens(host, TEXT)) - (await promptTokens(host, ''))
    const clip = { path, frames: { kind: 'uniform', count: FRAMES } } as const
    const { timings, tokens } = await answered(host, 'clip', { kind: 'ask', text: 'Describe the video in detail.', clip }, 24)
    const turn = { kind: 'regenerate' } as const
    if (tokens.visual !== FRAMES * FRAME.tokens) throw new Error(`the clip has ${tokens.visual} visual tokens`)
    for await (const event of host.timeText('clip', { turn, text: TEXT }, new AbortController().signal)) {
      if (event.kind !== 'timed') continue
      return {
        layers,
        visual: tokens.visual,
        text,
        encode,
        prefill: timings.prefill / 1000,
        generate: (text * timings.generate) / tokens.generated / 1000,
        score: event.timed.timings.score / 1000,
      }
    }
    throw new Error('the engine gave no times')
  } finally {
    await host[Symbol.asyncDispose]()
    await rm(home, { recursive: true, force: true })
  }
}

/** Seconds to encode all frames with a tower of full size. */
async function encodingSeconds(): Promise<number> {
  await using closers = new Closers()
  const tower = await fullTower(closers, 'f16')
  const { width, height } = FRAME
  await tower.time(width, height) // allocates and packs
  return (FRAMES * (await tower.time(width, height))) / 1000
}

/** Text tokens of a prompt whose answer begins with a text. */
async function promptTokens(host: HostClient, answerPrefix: string): Promise<number> {
  const { tokens } = await answered(
    host,
    `tokens ${answerPrefix.length}`,
    { kind: 'ask', text: 'Describe the video in detail.', answerPrefix },
    1,
  )
  return tokens.prompt
}

async function answered(
  host: HostClient,
  conversation: string,
  turn: Omit<Extract<Parameters<HostClient['answer']>[1], { kind: 'ask' }>, 'sampling'>,
  maxTokens: number,
): Promise<Answer> {
  const asked = { ...turn, sampling: samplingSchema.parse({ maxTokens }) }
  for await (const event of host.answer(conversation, asked, new AbortController().signal)) if (event.kind === 'done') return event.answer
  throw new Error('the engine gave no answer')
}
