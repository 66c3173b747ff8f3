import { join } from 'node:path'
import { towerForm } from '../../src/engine/families/families.ts'
import { qwen2VlVisionConfigSchema } from '../../src/engine/families/qwen2-vl/vision-config.ts'
import { loadLanguage } from '../../src/engine/language/llama-model.ts'
import type { Session } from '../../src/engine/language/types.ts'
import type { Frame } from '../../src/engine/media/types.ts'
import { readManifest } from '../../src/engine/models/manifest.ts'
import { openTower } from '../../src/engine/vision/open-tower.ts'
import { physicalCores } from '../../src/engine/vision/threads.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { towerFolder } from '../../test/engine/vision/tower-folder.ts'
import { BusyLoops } from './busy-loops.ts'
import { Closers } from './closers.ts'
import { median, milliseconds, takeTurns } from './measure.ts'
import { randomModel } from './random-model.ts'
import { randomTower } from './random-tower.ts'
import type { BenchOptions, Measured } from './section.ts'

const PROMPT = 256
const TOKENS = 40
const tower = { depth: 8, embed_dim: 640, num_heads: 8, mlp_ratio: 4, hidden_size: 896 }
const FRAME = { width: 504, height: 504 }
/** Targets, as parts of the better speed of one thread and all threads, and of that of all threads. */
const BUSY_AIM = 0.8
const IDLE_AIM = 0.98
const signal = new AbortController().signal

/** Numbers of threads: our own choice, one, and one per core. */
const choices = ['ours', 'one', 'all'] as const
type Choice = (typeof choices)[number]
type Times = Record<Choice, number[]>
type Clock = () => Promise<number>

/** Measures prefill, generation and the tower with each number of threads, on a machine that is otherwise idle and beside a busy loop per core. */
export async function measureBusy(options: BenchOptions): Promise<Measured> {
  await using closers = new Closers()
  const cores = physicalCores() || 2
  const works = { ...(await languageClocks(closers, options, cores)), tower: await towerClocks(closers, cores) }
  const measure = async (clocks: Record<Choice, Clock>) =>
    await takeTurns({ ours: { run: clocks.ours }, one: { run: clocks.one }, all: { run: clocks.all } }, options.rounds)
  const data: { work: string; machine: 'idle' | 'busy'; times: Times }[] = []
  for (const clocks of Object.values(works)) for (const clock of Object.values(clocks)) await clock()
  for (const [work, clocks] of Object.entries(works)) data.push({ work, machine: 'idle', times: await measure(clocks) })
  await using _loops = new BusyLoops(cores)
  for (const [work, clocks] of Object.entries(works)) data.push({ work, machine: 'busy', times: await measure(clocks) })

  const rows = data.map(({ work, machine, times }) => {
    const [ours, one, all] = [median(times.ours), median(times.one), median(times.all)]
    const [against, aim] = machine === 'idle' ? [all, IDLE_AIM] : [Math.min(one, all), BUSY_AIM]
    return { work, machine, ours, one, all, part: against / ours, aim }
  })
  return {
    columns: ['work', 'machine', 'ours', 'one thread', `${cores} threads`, 'speed of ours'],
    rows: rows.map(({ work, machine, ours, one, all, part }) => [
      work,
      machine,
      ...[ours, one, all].map((time) => `${time.toFixed(0)} ms`),
      `${(100 * part).toFixed(0)} %`,
    ]),
    notes: [
      `Prefill of ${PROMPT} tokens and ${TOKENS} generated ones with random weights of 126 MB, and one frame of ${FRAME.width}×${FRAME.height} in a tower of ${tower.depth} layers of ${tower.embed_dim} in f32. Busy: beside ${cores} loops that never wait.`,
      "The tower's own choice is one thread per core, so that a difference between these two is noise.",
      'The speed is that of the better number of threads when busy, and of one per core when idle.',
    ],
    targets: rows.map(({ work, machine, part, aim }) => ({ what: `${work}, ${machine}: at least ${100 * aim} %`, met: part >= aim })),
    data,
  }
}

async function languageClocks(closers: Closers, options: BenchOptions, cores: number) {
  const folder = await randomModel(options.cache, 'words')
  const path = options.gguf[0] ?? join(folder, (await readManifest(folder)).language.file)
  const open = async (threads?: number): Promise<Session> => {
    const raw = { template: '{{ messages }}', videoPad: '<|video_pad|>' }
    const language = closers.use(await loadLanguage(path, { ...raw, device: 'cpu', threads, signal }))
    return closers.use(await language.open({ cells: PROMPT + TOKENS + 1 }))
  }
  const sessions = { ours: await open(), one: await open(1), all: await open(cores) }
  const clocks = (clock: (session: Session) => Promise<number>): Record<Choice, Clock> => ({
    ours: () => clock(sessions.ours),
    one: () => clock(sessions.one),
    all: () => clock(sessions.all),
  })
  return { prefill: clocks(prefillTime), generation: clocks(generationTime) }
}

async function prefillTime(session: Session): Promise<number> {
  session.rewind({ cells: 0, position: 0 })
  const prompt = Array.from({ length: PROMPT }, (_, i) => 300 + ((i * 7919) % 10_000))
  return await milliseconds(() => session.evaluateTokens(prompt, signal))
}

/** Follows a prefill, which is not counted. */
async function generationTime(session: Session): Promise<number> {
  await prefillTime(session)
  return await milliseconds(async () => {
    for await (const _ of session.generate(samplingSchema.parse({ maxTokens: TOKENS }), signal)) {
      // only the time matters
    }
  })
}

async function towerClocks(closers: Closers, cores: number): Promise<Record<Choice, Clock>> {
  const config = qwen2VlVisionConfigSchema.parse(tower)
  const { directory, manifest } = closers.use(await towerFolder(randomTower(tower), config, 'f32'))
  const rgb = new Uint8Array(FRAME.width * FRAME.height * 3).map((_, i) => i * i)
  const clock = async (intraOpThreads?: number): Promise<Clock> => {
    const opened = closers.use(await openTower(directory, manifest, { form: towerForm(manifest), device: 'cpu', intraOpThreads, signal }))
    const frames = async function* (): AsyncGenerator<Frame> {
      yield { index: 0, time: 0, ...FRAME, rgb }
    }
    return () =>
      milliseconds(async () => {
        for await (const _ of opened.embed(frames(), { frameCount: 1, signal })) {
          // only the time matters
        }
      })
  }
  return { ours: await clock(), one: await clock(1), all: await clock(cores) }
}
