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

/** What a folder of predictions is opened for. */
export interface RunOf {
  readonly dataSet: string
  readonly settings: RunSettings
  /** Path of the predictions. Defaults to `predictions.jsonl` in the folder. */
  readonly path?: string
  /** Predictions to be made again: they leave the file before it is added to. */
  drop(prediction: Prediction): boolean
}

/** What was found in a folder when its predictions were opened. */
export interface Found {
  /** By key. */
  readonly predictions: ReadonlyMap<string, Prediction>
  /** Lines that could not be used; their samples are run again. */
  readonly broken: readonly BrokenLine[]
  /** Bytes of a last line that was never finished, and that were cut off. */
  readonly torn: number
}

/**
 * The predictions of one data set, to which a run adds a line a sample: on the disk before the sample is said to be done, so that a process that
 * is killed at any instruction loses no line. One process writes at a time, held by a lock that goes with it.
 */
export class PredictionFile implements AsyncDisposable {
  readonly #lock: AsyncDisposable
  readonly #file: JsonLinesFile

  private constructor(lock: AsyncDisposable, file: JsonLinesFile) {
    this.#lock = lock
    this.#file = file
  }

  /**
   * Opens `predictions.jsonl` of a folder, which is made where it is missing, with `run.json` beside it. Throws `bench-mismatch` for a run with
   * other settings, `bench-busy` while another run writes there, `bench-damaged` for a file with two lines for one sample, `disk-full` and
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
      // Broken lines stay unless the file is written anew: nothing of theirs is known that could be lost.
      if (kept.size < predictions.size) await replaceFile(dirname(path), basename(path), linesOf(kept.values()))
      const file = await JsonLinesFile.open(path, { durable: true })
      return { file: new PredictionFile(lock, file), found: { predictions: kept, broken, torn } }
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw writeError(path, error)
    }
  }

  /** Writes a line; resolved once it is on the disk. May be called before the last one is done. Throws `disk-full` and `write-failed`. */
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
        `${path}, line ${read.line}: "${read.prediction.key}" is there twice. Put the file in order with "tarsier bench merge", or begin anew with --new.`,
      )
    else predictions.set(read.prediction.key, read.prediction)
  }
  return { predictions, broken }
}

function isPrediction(value: unknown): boolean {
  return !('reason' in parsePrediction(value))
}
