import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getLlama, type Llama, LlamaLogLevel, type Token } from 'node-llama-cpp'
import { loadLanguage } from '../../src/engine/language/llama-model.ts'
import type { Language, Session } from '../../src/engine/language/types.ts'
import { readManifest } from '../../src/engine/models/manifest.ts'
import { MANIFEST_FILE } from '../../src/shared/model-manifest.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { median, takeTurns } from './measure.ts'
import { randomModel } from './random-model.ts'
import type { BenchOptions, Measured } from './section.ts'

const DEMO = fileURLToPath(new URL('../../resources/models/demo/', import.meta.url))
const TINY = fileURLToPath(new URL('../../test/fixtures/language/tiny-qwen2vl.gguf', import.meta.url))
const CELLS = 1024
/** Tokens per measurement, spread over as many answers as necessary. */
const TOKENS = 128
/** Target: minimum speed relative to node-llama-cpp's, in tokens per second. */
const AIM = 0.95
/** Smaller models only show the overhead per token, not a speed that matters to users. */
const MIN_BYTES = 50e6

/**
 * Measures the greedy tokens per second of this project's session and of node-llama-cpp's own sequence, with one thread per core, on the same file
 * and device.
 */
export async function measureGeneration(options: BenchOptions): Promise<Measured> {
  const llama = await getLlama({ build: 'never', logLevel: LlamaLogLevel.disabled })
  const data = []
  for (const path of options.gguf.length > 0 ? options.gguf : await ownModels(options.cache)) {
    const { size } = await stat(path)
    data.push({ bytes: size, ...(await measureFile(llama, path, options.rounds)) })
  }
  await llama.dispose()
  return {
    columns: ['model', 'size', 'ours', 'node-llama-cpp', 'ours of theirs'],
    rows: data.map(({ name, bytes, ours, theirs }) => [
      name,
      `${(bytes / 1e6).toFixed(0)} MB`,
      `${median(ours).toFixed(1)} tokens/s`,
      `${median(theirs).toFixed(1)} tokens/s`,
      `${((100 * median(ours)) / median(theirs)).toFixed(0)} %`,
    ]),
    notes: [
      `Greedy, ${TOKENS} tokens a measurement after a short prompt, from the first token of an answer to its last; node-llama-cpp's with a thread a core, as its own default of at least four is far slower on fewer cores.`,
    ],
    targets: data
      .filter(({ bytes }) => bytes >= MIN_BYTES || data.length === 1)
      .map(({ name, ours, theirs }) => ({
        what: `${name}: at least ${100 * AIM} % of node-llama-cpp's tokens a second`,
        met: median(ours) >= AIM * median(theirs),
      })),
    data,
  }
}

/** Returns the demo model, or a tiny random one if it is missing, and a larger random model. */
async function ownModels(cache: string): Promise<string[]> {
  const fileOf = async (folder: string) => join(folder, (await readManifest(folder)).language.file)
  const small = existsSync(join(DEMO, MANIFEST_FILE)) ? await fileOf(DEMO) : TINY
  return [await fileOf(await randomModel(cache, 'words')), small]
}

async function measureFile(llama: Llama, path: string, rounds: number) {
  const signal = new AbortController().signal
  // Only raw tokens are evaluated; the template is never rendered.
  await using language = await loadLanguage(path, { template: '{{ messages }}', videoPad: '<|video_pad|>', signal })
  await using session = await language.open({ cells: CELLS })
  await using model = await llama.loadModel({ modelPath: path })
  // Its default is at least four threads, which on two cores spend a hundred times longer waiting for each other than computing.
  await using context = await model.createContext({ contextSize: CELLS, threads: availableParallelism() })
  const sequence = context.getSequence()
  const prompt = language.tokenize('Describe what happens in the video, in order, and say how it ends.')
  const answer = await answerOf(session, prompt)
  if (answer.tokens < 8) throw new Error(`${path} ends its answer after ${answer.tokens} tokens: too few to measure`)
  const theirs = async (tokens: number): Promise<Span> => {
    await sequence.clearHistory()
    const times: number[] = []
    for await (const _ of sequence.evaluate(prompt as Token[], { temperature: 0, yieldEogToken: true })) {
      times.push(performance.now())
      if (times.length === tokens) break
    }
    return { tokens: times.length, between: (times.at(-1) ?? 0) - (times[0] ?? 0), steps: times.length - 1 }
  }
  await theirs(answer.tokens)
  const figures = await takeTurns(
    {
      ours: { run: () => perSecond(() => answerOf(session, prompt)) },
      theirs: { run: () => perSecond(() => theirs(answer.tokens)) },
    },
    rounds,
  )
  return { name: nameOf(language, path), device: language.device, answer: answer.tokens, ...figures }
}

interface Span {
  readonly tokens: number
  /** Milliseconds from the first to the last observed token. */
  readonly between: number
  /** Number of tokens generated in that time. */
  readonly steps: number
}

async function perSecond(answer: () => Promise<Span>): Promise<number> {
  let [milliseconds, steps] = [0, 0]
  while (steps < TOKENS) {
    const span = await answer()
    milliseconds += span.between
    steps += span.steps
  }
  return (1000 * steps) / milliseconds
}

async function answerOf(session: Session, prompt: readonly number[]): Promise<Span> {
  const signal = new AbortController().signal
  session.rewind({ cells: 0, position: 0 })
  await session.evaluateTokens(prompt, signal)
  let first: { time: number; tokens: number } | null = null
  let last = { time: 0, tokens: 0 }
  const answer = session.generate(samplingSchema.parse({ maxTokens: TOKENS }), signal)
  for (;;) {
    const next = await answer.next()
    if (next.done === true) {
      const start = first ?? last
      return { tokens: next.value.tokens.length, between: last.time - start.time, steps: last.tokens - start.tokens }
    }
    last = { time: performance.now(), tokens: next.value.tokens }
    first ??= last
  }
}

function nameOf(language: Language, path: string): string {
  return `${basename(path)} (width ${language.width}, ${language.vocabulary} tokens)`
}
