import { type Outcome, runJob, STOPPING_CODES } from '../../jobs/driver.ts'
import type { ErrorData } from '../../shared/errors.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import type { PredictionFile } from './prediction-file.ts'
import { sampleFields } from './upstream-prediction.ts'

/** A sample to run, and the file for its answer. */
export interface Task {
  readonly sample: Sample
  readonly file: PredictionFile
}

export interface RunOptions {
  /** Models that answer concurrently, one sample at a time each; the same model may occur several times. */
  readonly workers: readonly ModelUnderTest[]
  /** Locates a sample's clips. An error is the sample's failure. */
  locate(sample: Sample): readonly ClipFile[] | Promise<readonly ClipFile[]>
  /** Called once a sample's line is on disk. */
  onDone(prediction: Prediction): void
}

/**
 * Answers samples and writes a line for each, including those that fail. Throws as `runJob` does; then samples in progress have no line, and are
 * run again next time.
 */
export async function runSamples(tasks: Iterable<Task>, { workers, locate, onDone }: RunOptions, signal: AbortSignal): Promise<void> {
  /** Path of the clip shown for each task in progress, known before the task succeeds or fails. */
  const videos = new Map<Task, string | null>()
  await runJob<Task, Answered>(
    {
      source: tasks,
      workers: workers.map((model) => async (task, _report, stop) => {
        const files = await locate(task.sample)
        videos.set(task, files.flat()[0] ?? null)
        return model.answer(task.sample, files, stop)
      }),
      // Failing to write a rendered clip is treated like a full disk.
      stoppingCodes: [...STOPPING_CODES, 'write-failed'],
      sinks: [
        {
          onFailure: 'stops-job',
          async write(outcome) {
            const prediction = predictionOf(outcome, videos.get(outcome.clip) ?? null)
            videos.delete(outcome.clip)
            await outcome.clip.file.add(prediction)
            onDone(prediction)
          },
        },
      ],
    },
    () => {},
    signal,
  )
}

function predictionOf(outcome: Outcome<Task, Answered>, video: string | null): Prediction {
  const { sample } = outcome.clip
  return outcome.kind === 'failed' ? failedPrediction(sample, video, outcome.error) : answeredPrediction(sample, video, outcome.result)
}

/** The line of an answered sample. @param video path of its first clip */
export function answeredPrediction(sample: Sample, video: string | null, { text, shaped, finish, used }: Answered): Prediction {
  return { ...sampleFields(sample), video, prediction: text, ...(shaped && { shaped }), finish, error: null, used }
}

/** The line of a failed sample. @param video path of its first clip; null if it was not found */
export function failedPrediction(sample: Sample, video: string | null, { code, message }: Pick<ErrorData, 'code' | 'message'>): Prediction {
  return { ...sampleFields(sample), video, prediction: null, finish: null, error: { code, message }, used: null }
}
