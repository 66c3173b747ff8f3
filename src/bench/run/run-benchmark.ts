import { join, resolve } from 'node:path'
import { dataSetOf } from '../datasets.ts'
import { type ClipFile, clipFiles, VideoFolder } from '../locate-videos.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import { type Found, PredictionFile } from './prediction-file.ts'
import { type RunProgress, RunRate } from './run-rate.ts'
import { moveAside } from './run-settings.ts'
import { runSamples, type Task } from './runner.ts'
import { pendingSamples, type Selected } from './samples.ts'

export interface BenchmarkOptions {
  readonly out: string
  /** Folder of the clips that annotations do not name. */
  readonly videos: string | null
  /** Where moving-shapes keeps the clips it draws. */
  readonly home: string
  /** One sample at a time each. */
  readonly workers: readonly [ModelUnderTest, ...ModelUnderTest[]]
  readonly retryFailed: boolean
  /** Move runs that are there already aside. */
  readonly anew: boolean
}

/** What a run tells while it goes on. */
export type BenchmarkEvent =
  | { readonly kind: 'moved'; readonly from: string; readonly to: string }
  | { readonly kind: 'opened'; readonly directory: string; readonly found: Found; readonly pending: number }
  | { readonly kind: 'done'; readonly prediction: Prediction; readonly progress: RunProgress }

/** What there is of a data set after a run, counted over the samples that were selected. */
export interface SetResult {
  readonly name: string
  readonly directory: string
  readonly samples: number
  readonly answered: number
  readonly failed: number
}

/**
 * Runs what was selected, each data set into a folder of its own below `out`. Runs that were begun are gone on with. Throws `bench-mismatch`, `bench-busy`,
 * `bench-damaged`, what concerns the run itself, and `AbortError`; whatever was done by then stays.
 */
export async function runBenchmark(
  { sets }: Selected,
  options: BenchmarkOptions,
  onEvent: (event: BenchmarkEvent) => void,
  signal: AbortSignal,
): Promise<SetResult[]> {
  const { workers } = options
  const locate = await locator(sets, options, signal)
  const opened: OpenSet[] = []
  try {
    for (const set of sets) opened.push(await openSet(set, options, onEvent, signal))
    const states = new Map(opened.flatMap((set) => set.samples.map(({ key }) => [key, set.states])))
    const rate = new RunRate(opened.reduce((sum, { pending }) => sum + pending.length, 0))
    const onDone = (prediction: Prediction) => {
      states.get(prediction.key)?.set(prediction.key, prediction.prediction !== null)
      onEvent({ kind: 'done', prediction, progress: rate.add(prediction.prediction === null) })
    }
    await runSamples(tasksOf(opened), { workers, locate, onDone }, signal)
    return opened.map(resultOf)
  } finally {
    for (const { file } of opened) await file[Symbol.asyncDispose]()
  }
}

interface OpenSet {
  readonly name: string
  readonly directory: string
  readonly samples: readonly Sample[]
  readonly file: PredictionFile
  readonly pending: readonly Sample[]
  /** Whether a sample was answered, by key; one that is not there has no line. */
  readonly states: Map<string, boolean>
}

async function openSet(
  { dataSet: { name }, samples }: Selected['sets'][number],
  { out, workers: [model], retryFailed, anew }: BenchmarkOptions,
  onEvent: (event: BenchmarkEvent) => void,
  signal: AbortSignal,
): Promise<OpenSet> {
  const directory = resolve(join(out, name))
  const moved = anew ? await moveAside(directory, new Date()) : null
  if (moved !== null) onEvent({ kind: 'moved', from: directory, to: moved })
  const wanted = new Set(samples.map(({ key }) => key))
  const drop = ({ key, prediction }: Prediction) => retryFailed && prediction === null && wanted.has(key)
  const { file, found } = await PredictionFile.open(directory, { dataSet: name, settings: model.settings, drop }, signal)
  try {
    const pending = pendingSamples(samples, found.predictions, directory)
    onEvent({ kind: 'opened', directory, found, pending: pending.length })
    return { name, directory, samples, file, pending, states: statesOf(found) }
  } catch (error) {
    await file[Symbol.asyncDispose]()
    throw error
  }
}

function statesOf({ predictions }: Found): Map<string, boolean> {
  return new Map([...predictions].map(([key, { prediction }]) => [key, prediction !== null]))
}

function* tasksOf(sets: readonly OpenSet[]): Generator<Task, void> {
  for (const { file, pending } of sets) for (const sample of pending) yield { file, sample }
}

function resultOf({ name, directory, samples, states }: OpenSet): SetResult {
  const answered = samples.filter(({ key }) => states.get(key) === true).length
  const failed = samples.filter(({ key }) => states.get(key) === false).length
  return { name, directory, samples: samples.length, answered, failed }
}

async function locator(
  sets: Selected['sets'],
  { videos, home }: BenchmarkOptions,
  signal: AbortSignal,
): Promise<(sample: Sample) => Promise<readonly ClipFile[]>> {
  const ours = sets.some(({ dataSet }) => dataSet.group === 'moving-shapes')
  const others = sets.some(({ dataSet }) => dataSet.group !== 'moving-shapes')
  // Drawing loads the encoder's native library, which nothing else here needs.
  const drawn = ours ? new (await import('../moving-shapes/videos.ts')).MovingShapesVideos(home) : null
  const folder = videos !== null && others ? await VideoFolder.open(videos, signal) : null
  return async (sample) => {
    if (drawn && dataSetOf(sample.dataset)?.group === 'moving-shapes') return [await drawn.videoFor(sample, signal)]
    return clipFiles(sample, folder)
  }
}
