import { asTarsierError, type ErrorCode, isAbort, TarsierError } from '../../shared/errors.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import type { PredictionFile } from './prediction-file.ts'
import { sampleFields } from './upstream-prediction.ts'

/** Failures after which no sample would fare better: the run ends, and what is done stays. */
const RUN_FAILURES: readonly ErrorCode[] = [
  'disk-full',
  'write-failed',
  'model-missing',
  'model-damaged',
  'model-unsupported',
  'model-mismatch',
  'model-unavailable',
  'device-unavailable',
  'native-library',
  'not-allowed',
]

/** A sample that is to be run, and the file its answer goes to. */
export interface Task {
  readonly sample: Sample
  readonly file: PredictionFile
}

export interface RunOptions {
  /** One sample at a time each; the same model may stand there several times. */
  readonly workers: readonly ModelUnderTest[]
  /** Where a sample's clips lie. What it throws is the sample's failure. */
  locate(sample: Sample): readonly ClipFile[] | Promise<readonly ClipFile[]>
  /** Told once a sample's line is on the disk. */
  onDone(prediction: Prediction): void
}

/**
 * Answers samples and writes a line for each, also for those that fail. Throws the first failure that concerns the run itself, and what an abort
 * throws; samples under way leave no line then, and are run the next time.
 */
export async function runSamples(tasks: Iterable<Task>, { workers, locate, onDone }: RunOptions, signal: AbortSignal): Promise<void> {
  const queue = tasks[Symbol.iterator]()
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const work = async (model: ModelUnderTest) => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      either.throwIfAborted()
      const { sample, file } = next.value
      const prediction = await predict(sample, model, locate, either)
      await file.add(prediction)
      onDone(prediction)
    }
  }
  // Whichever fails first says why; the others are stopped and waited for, so that nothing writes any more.
  const ends = await Promise.allSettled(
    workers.map(async (model) => {
      try {
        await work(model)
      } catch (error) {
        stop.abort()
        throw error
      }
    }),
  )
  signal.throwIfAborted()
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
  const [first] = failures.filter((error) => !isAbort(error))
  if (first !== undefined) throw first
}

async function predict(sample: Sample, model: ModelUnderTest, locate: RunOptions['locate'], signal: AbortSignal): Promise<Prediction> {
  const fields = sampleFields(sample)
  let video: string | null = null
  try {
    const files = await locate(sample)
    video = files.flat()[0] ?? null
    const { text, finish, used } = await model.answer(sample, files, signal)
    return { ...fields, video, prediction: text, finish, error: null, used }
  } catch (error) {
    signal.throwIfAborted()
    if (isRunFailure(error)) throw error
    const { code, message } = asTarsierError(error)
    return { ...fields, video, prediction: null, finish: null, error: { code, message }, used: null }
  }
}

function isRunFailure(error: unknown): boolean {
  return error instanceof TarsierError && RUN_FAILURES.includes(error.code)
}
