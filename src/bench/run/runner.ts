import { type Outcome, runJob, STOPPING_CODES } from '../../jobs/driver.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import type { PredictionFile } from './prediction-file.ts'
import { sampleFields } from './upstream-prediction.ts'

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
 * Answers samples and writes a line for each, also for those that fail. Throws as `runJob` does; samples under way leave no line then, and are run
 * the next time.
 */
export async function runSamples(tasks: Iterable<Task>, { workers, locate, onDone }: RunOptions, signal: AbortSignal): Promise<void> {
  /** The clip shown for each task under way, known before it is answered or fails. */
  const videos = new Map<Task, string | null>()
  await runJob<Task, Answered>(
    {
      source: tasks,
      workers: workers.map((model) => async (task, _report, stop) => {
        const files = await locate(task.sample)
        videos.set(task, files.flat()[0] ?? null)
        return model.answer(task.sample, files, stop)
      }),
      // Of clips that are drawn for a sample, one that cannot be written is as good as a full disk.
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
  const fields = { ...sampleFields(outcome.clip.sample), video }
  if (outcome.kind === 'failed') {
    const { code, message } = outcome.error
    return { ...fields, prediction: null, finish: null, error: { code, message }, used: null }
  }
  const { text, finish, used } = outcome.result
  return { ...fields, prediction: text, finish, error: null, used }
}
