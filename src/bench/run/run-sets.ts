import type { ClipFile } from '../locate-videos.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import { type Found, PredictionFile } from './prediction-file.ts'
import { type RunProgress, RunRate } from './run-rate.ts'
import { runSamples, type Task } from './runner.ts'
import { pendingSamples } from './samples.ts'

/** Samples whose predictions go into one file. */
export interface SampleSet {
  /** Name, as in `run.json`. */
  readonly name: string
  /** Folder of `run.json`, and of the predictions unless `path` names their file. */
  readonly directory: string
  readonly path?: string
  readonly samples: readonly Sample[]
}

export interface SetOptions {
  /** Models that answer concurrently, one sample at a time each. */
  readonly workers: readonly [ModelUnderTest, ...ModelUnderTest[]]
  readonly retryFailed: boolean
  /** Locates a sample's clips. An error is the sample's failure. */
  locate(sample: Sample): readonly ClipFile[] | Promise<readonly ClipFile[]>
}

/** Events of a run. */
export type RunEvent =
  | { readonly kind: 'moved'; readonly from: string; readonly to: string }
  | { readonly kind: 'opened'; readonly directory: string; readonly found: Found; readonly pending: number }
  | { readonly kind: 'done'; readonly prediction: Prediction; readonly progress: RunProgress }

/** State of a set after a run, counted over its samples. */
export interface SetResult {
  readonly name: string
  readonly directory: string
  readonly samples: number
  readonly answered: number
  readonly failed: number
}

/**
 * Answers all samples that have no prediction yet, one set after the other, with one file per set; resumes the files of an earlier run. Throws
 * `bench-mismatch`, `bench-busy`, `bench-damaged`, and as `runJob` does; predictions made so far are kept.
 */
export async function runSets(
  sets: readonly SampleSet[],
  options: SetOptions,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<SetResult[]> {
  const { workers, locate } = options
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

interface OpenSet extends SampleSet {
  readonly file: PredictionFile
  readonly pending: readonly Sample[]
  /** Whether a sample was answered, by key; a sample without an entry has no line. */
  readonly states: Map<string, boolean>
}

async function openSet(
  set: SampleSet,
  { workers: [model], retryFailed }: SetOptions,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<OpenSet> {
  const { name, directory, path, samples } = set
  const wanted = new Set(samples.map(({ key }) => key))
  const drop = ({ key, prediction }: Prediction) => retryFailed && prediction === null && wanted.has(key)
  const opening = { dataSet: name, settings: model.settings, drop, ...(path !== undefined && { path }) }
  const { file, found } = await PredictionFile.open(directory, opening, signal)
  try {
    const pending = pendingSamples(samples, found.predictions, path ?? directory)
    onEvent({ kind: 'opened', directory, found, pending: pending.length })
    return { ...set, file, pending, states: statesOf(found) }
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
