import { basename, dirname, join } from 'node:path'
import { JsonLinesFile, linesOf } from '../../jobs/sinks/json-lines.ts'
import { replaceFile, writeError } from '../../jobs/write-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { BrokenLine } from '../json-lines.ts'
import type { Prediction } from '../prediction.ts'
import { parsePrediction, readPredictions } from './read-predictions.ts'
import { lockRun } from './run-lock.ts'
import { type RunSettings, settleSettings } from './run-settings.ts'

export const PREDICTIONS_FILE = 'predictions.jsonl'

/** Parameters for opening a folder of predictions. */
export interface RunOf {
  readonly dataSet: string
  readonly settings: RunSettings
  /** Path of the predictions. Defaults to `predictions.jsonl` in the folder. */
  readonly path?: string
  /** Selects predictions to be made again; they are removed from the file before new ones are appended. */
  drop(prediction: Prediction): boolean
}

/** Existing contents of a folder of predictions. */
export interface Found {
  /** Predictions by key. */
  readonly predictions: ReadonlyMap<string, Prediction>
  /** Unusable lines; their samples are run again. */
  readonly broken: readonly BrokenLine[]
  /** Size in bytes of an incomplete last line, which was removed. */
  readonly torn: number
}

/**
 * The predictions of one data set, to which a run appends one line per sample. Each line is on disk before the sample counts as done, so that no
 * completed sample is lost if the process is killed at any point. Only one process writes at a time, which a lock ensures that the system releases
 * with the process.
 */
export class PredictionFile implements AsyncDisposable {
  readonly #lock: AsyncDisposable
  readonly #file: JsonLinesFile

  private constructor(lock: AsyncDisposable, file: JsonLinesFile) {
    this.#lock = lock
    this.#file = file
  }

  /**
   * Opens `predictions.jsonl` of a folder, which is created if missing, with `run.json` beside it. Throws `bench-mismatch` if the run has other
   * settings, `bench-busy` while another run writes there, `bench-damaged` for a file with two lines for one sample, `disk-full` and
   * `write-failed`.
   */
  static async open(
    directory: string,
    { dataSet, settings, path = join(directory, PREDICTIONS_FILE), drop }: RunOf,
    signal: AbortSignal,
  ): Promise<{ readonly file: PredictionFile; readonly found: Found }> {
    const lock = await lockRun(directory)
    try {
      await settleSettings(directory, dataSet, settings, path)
      const torn = await JsonLinesFile.repair(path, isPrediction)
      const { predictions, broken } = await readAll(path, signal)
      const kept = new Map([...predictions].filter(([, prediction]) => !drop(prediction)))
      // Keep broken lines unless the file must be rewritten; they contain nothing usable.
      if (kept.size < predictions.size) await replaceFile(dirname(path), basename(path), linesOf(kept.values()))
      const file = await JsonLinesFile.open(path, { durable: true })
      return { file: new PredictionFile(lock, file), found: { predictions: kept, broken, torn } }
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw writeError(path, error)
    }
  }

  /** Appends a line; resolves once it is on disk. Calls may overlap. Throws `disk-full` and `write-failed`. */
  add(prediction: Prediction): Promise<void> {
    return this.#file.add(prediction)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
    await this.#lock[Symbol.asyncDispose]()
  }
}

async function readAll(path: string, signal: AbortSignal): Promise<Pick<Found, 'predictions' | 'broken'>> {
  const predictions = new Map<string, Prediction>()
  const broken: BrokenLine[] = []
  for await (const read of readPredictions(path, signal)) {
    if (read.kind === 'broken') broken.push(read)
    else if (predictions.has(read.prediction.key))
      throw new TarsierError(
        'bench-damaged',
        `${path}, line ${read.line}: "${read.prediction.key}" occurs twice. Clean up the file with "tarsier bench merge", or start a new run with --new.`,
      )
    else predictions.set(read.prediction.key, read.prediction)
  }
  return { predictions, broken }
}

function isPrediction(value: unknown): boolean {
  return !('reason' in parsePrediction(value))
}
