import { join } from 'node:path'
import { dataSetOf } from '../../bench/datasets.ts'
import { type Prediction, predictionSchema } from '../../bench/prediction.ts'
import { isOtherAnswer } from '../../bench/run/merge.ts'
import { PREDICTIONS_FILE, PredictionFile } from '../../bench/run/prediction-file.ts'
import type { RunSettings } from '../../bench/run/run-settings.ts'
import { makeFolder } from '../../jobs/write-file.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import type { Database } from '../database.ts'
import type { Job } from '../job-store.ts'
import { readResults } from './stored-results.ts'

/**
 * Adds the predictions that a job has so far to the folder of a run, in the layout of a run on one machine: a folder with settings for each data
 * set. See {@link addAllToRun}.
 */
export async function writeRun(job: Job, out: string, database: Database, signal: AbortSignal): Promise<void> {
  const sets = new Map<string, Prediction[]>()
  await readResults(
    job,
    database,
    async (page) => {
      for (const { line } of page) {
        const prediction = predictionSchema.parse(JSON.parse(line))
        const name = dataSetOf(prediction.dataset)?.name ?? prediction.dataset
        const set = sets.get(name)
        if (set) set.push(prediction)
        else sets.set(name, [prediction])
      }
    },
    signal,
  )
  await addAllToRun(out, job, sets, signal)
}

/** Adds predictions to the folders of all data sets, as far as possible. Throws the first failure, after the others were added, as {@link addToRun} does. */
export async function addAllToRun(
  out: string,
  { name: job, settings }: Pick<Job, 'name' | 'settings'>,
  sets: ReadonlyMap<string, readonly Prediction[]>,
  signal: AbortSignal,
): Promise<void> {
  const failures: unknown[] = []
  for (const [set, predictions] of sets) {
    try {
      await addToRun(join(out, set), { set, job, settings, predictions }, signal)
    } catch (error) {
      if (isAbort(error)) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

export interface JobPredictions {
  /** Name of the data set. */
  readonly set: string
  /** Name of the job. */
  readonly job: string
  readonly settings: RunSettings
  readonly predictions: readonly Prediction[]
}

/**
 * Adds a job's predictions of one data set to a folder, which is created if missing. The folder may have others, of a run on this machine or of an
 * earlier job, which are kept; only a failure is replaced, by an answer. Throws `bench-mismatch` for different answers to one sample, after all
 * others were added, and as `PredictionFile.open` does.
 */
export async function addToRun(directory: string, { set, job, settings, predictions }: JobPredictions, signal: AbortSignal): Promise<void> {
  await makeFolder(directory)
  const answered = new Set(predictions.flatMap(({ key, prediction }) => (prediction === null ? [] : [key])))
  const drop = ({ key, prediction }: Prediction) => prediction === null && answered.has(key)
  const { file, found } = await PredictionFile.open(directory, { dataSet: set, settings, drop }, signal)
  const different: string[] = []
  try {
    for (const prediction of predictions) {
      const there = found.predictions.get(prediction.key)
      if (there === undefined) await file.add(prediction)
      else if (isOtherAnswer(there, prediction)) different.push(prediction.key)
    }
  } finally {
    await file[Symbol.asyncDispose]()
  }
  if (different.length === 0) return
  throw new TarsierError(
    'bench-mismatch',
    `${join(directory, PREDICTIONS_FILE)} and the job "${job}" have different answers to "${different[0]}" (differing: ${different.length}). Those in the file were kept. Use another --out for those of the job.`,
  )
}
