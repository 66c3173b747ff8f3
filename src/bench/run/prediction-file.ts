import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { writeAt } from '../../platform/write-at.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { BrokenLine } from '../json-lines.ts'
import { linesOf } from '../line-file.ts'
import type { Prediction } from '../prediction.ts'
import { parsePrediction, readPredictions } from './read-predictions.ts'
import { lockRun } from './run-lock.ts'
import { type RunSettings, settleSettings } from './run-settings.ts'
import { replaceFile, writeError } from './write-file.ts'

export const PREDICTIONS_FILE = 'predictions.jsonl'
const NEWLINE = 0x0a
/** A torn line is looked for so far from the end at a time. */
const STEP_BYTES = 1 << 16

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
 * The predictions of one data set, to which a run adds a line a sample. A line counts once its newline is there; it is on the disk before
 * its sample is said to be done. So a process that is killed at any instruction loses no line and leaves at most a torn one, which
 * the next one cuts off. One process writes at a time, held by a lock that goes with it.
 */
export class PredictionFile implements AsyncDisposable {
  readonly #path: string
  readonly #lock: AsyncDisposable
  readonly #file: FileHandle
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, lock: AsyncDisposable, file: FileHandle) {
    this.#path = path
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
    let file: FileHandle | null = null
    try {
      await settleSettings(directory, dataSet, settings, path)
      const torn = await cutTorn(path)
      const { predictions, broken } = await readAll(path, signal)
      const kept = new Map([...predictions].filter(([, prediction]) => !drop(prediction)))
      // Broken lines stay unless the file is written anew: nothing of theirs is known that could be lost.
      if (kept.size < predictions.size) await replaceFile(dirname(path), basename(path), linesOf(kept.values()))
      file = await open(path, 'a')
      return { file: new PredictionFile(path, lock, file), found: { predictions: kept, broken, torn } }
    } catch (error) {
      await file?.close()
      await lock[Symbol.asyncDispose]()
      throw writeError(path, error)
    }
  }

  /** Writes a line; resolved once it is on the disk. May be called before the last one is done. */
  add(prediction: Prediction): Promise<void> {
    const line = `${JSON.stringify(prediction)}\n`
    const writing = this.#writing.then(async () => {
      try {
        await this.#file.appendFile(line)
        await this.#file.datasync()
      } catch (error) {
        throw writeError(this.#path, error)
      }
    })
    this.#writing = writing.catch(() => {}) // told to whoever added the line
    return writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#file.close()
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

/**
 * Ends the file with a whole line, and gives the bytes that were cut off for that. A whole line that lacks only its newline, as some editors
 * leave it, is kept. Makes the file where there is none.
 */
async function cutTorn(path: string): Promise<number> {
  // Not 'a+': on Windows such a handle has no right to shorten the file (nodejs/node#3177).
  await using file = await open(path, constants.O_RDWR | constants.O_CREAT)
  const { size } = await file.stat()
  const end = await lastNewline(file, size)
  if (end === size) return 0
  const { buffer } = await file.read(Buffer.alloc(size - end), 0, size - end, end)
  if (isWhole(buffer)) await writeAt(file, Buffer.from('\n'), size)
  else await file.truncate(end)
  await file.sync()
  return isWhole(buffer) ? 0 : size - end
}

/** Where the last whole line ends: the byte after its newline, 0 where there is none. */
async function lastNewline(file: FileHandle, size: number): Promise<number> {
  for (let to = size; to > 0; to -= STEP_BYTES) {
    const from = Math.max(0, to - STEP_BYTES)
    const { buffer } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
    const at = buffer.lastIndexOf(NEWLINE)
    if (at >= 0) return from + at + 1
  }
  return 0
}

function isWhole(bytes: Buffer): boolean {
  try {
    return !('reason' in parsePrediction(JSON.parse(bytes.toString('utf8'))))
  } catch {
    return false
  }
}
