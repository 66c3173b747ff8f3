import { unlessAborted } from '../platform/unless-aborted.ts'
import type { ErrorCode } from '../shared/error-codes.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'

/** Errors that would affect every further clip. They stop the job; finished clips are kept. */
export const STOPPING_CODES: readonly ErrorCode[] = [
  'disk-full',
  'model-missing',
  'model-damaged',
  'model-unsupported',
  'model-mismatch',
  'model-unavailable',
  'device-unavailable',
  'native-library',
  'not-allowed',
  'connections-off',
  'rewriter-missing',
  'schema-unsupported',
]

/** Outcome of one clip. A job has one for each clip that it finished. */
export type Outcome<Clip, Result> =
  | { readonly kind: 'done'; readonly clip: Clip; readonly result: Result }
  | { readonly kind: 'failed'; readonly clip: Clip; readonly error: TarsierError }
  /** An earlier job processed the clip; `result` is that job's. */
  | { readonly kind: 'skipped'; readonly clip: Clip; readonly result: Result }

/** A clip whose work was stopped. It has no outcome and is left for the next job. `error` is null if the job was aborted. */
export interface Stopped<Clip> {
  readonly kind: 'stopped'
  readonly clip: Clip
  readonly error: TarsierError | null
}

export type JobEvent<Clip, Result, Progress> =
  | { readonly kind: 'started'; readonly clip: Clip }
  | { readonly kind: 'progress'; readonly clip: Clip; readonly progress: Progress }
  | Outcome<Clip, Result>
  | Stopped<Clip>

/** Processes one clip: resolves to the result or rejects with the error. Must stop when the signal aborts; `report` sends progress. */
export type Work<Clip, Result, Progress> = (clip: Clip, report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>

/** Stores outcomes. The driver calls it for one outcome at a time. */
export interface Sink<Clip, Result> {
  /**
   * Effect of a failed write. `fails-clip`: the clip fails, and the following sinks get the failed outcome (for example, a text file per clip).
   * `stops-job`: no further outcome could be stored (for example, one file for all clips).
   */
  readonly onFailure: 'fails-clip' | 'stops-job'
  /** Resolves when the outcome is stored. */
  write(outcome: Outcome<Clip, Result>): Promise<void> | void
  /** Called when the work on a clip ended without an outcome. */
  stopped?(stopped: Stopped<Clip>): void
}

export interface Job<Clip, Result, Progress> {
  /** Clips in order of processing. The next one is requested when a worker is free, so the source may grow while the job runs. */
  readonly source: Iterable<Clip> | AsyncIterable<Clip>
  /** Each worker processes one clip at a time. The same function may be listed several times. */
  readonly workers: readonly Work<Clip, Result, Progress>[]
  /** Sinks in the order in which they receive each outcome. */
  readonly sinks: readonly Sink<Clip, Result>[]
  /**
   * Returns an earlier job's result for a clip, or null to process it, for example to retry a failed clip. Called just before the work starts.
   * Defaults to null for all clips.
   */
  readonly earlier?: (clip: Clip) => Promise<Result | null>
  /** Errors that stop the job. Defaults to {@link STOPPING_CODES}. */
  readonly stoppingCodes?: readonly ErrorCode[]
  /** Whether another error would also affect every further clip, and so stops the job. Defaults to none. */
  readonly stops?: (error: TarsierError) => boolean
}

export interface JobCounts {
  readonly done: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Processes each clip of a source once, and passes its outcome to every sink and then to `onEvent`. A failed clip does not stop the job. With
 * one worker, outcomes are in source order; with several, in order of completion.
 * @returns the number of clips per outcome, after the source has ended and all outcomes are stored
 * @throws the first error that stops the job, or the abort reason. All workers have ended then, and clips in progress were `stopped`. An abort
 *   after the last clip of a source that does not wait has no effect: all clips are done.
 */
export async function runJob<Clip, Result, Progress = never>(
  { source, workers, sinks, earlier, stoppingCodes = STOPPING_CODES, stops: alsoStops }: Job<Clip, Result, Progress>,
  onEvent: (event: JobEvent<Clip, Result, Progress>) => void,
  signal: AbortSignal,
): Promise<JobCounts> {
  const clips = clipsOf(source)
  const failing = new AbortController()
  const stop = AbortSignal.any([signal, failing.signal])
  const counts = { done: 0, failed: 0, skipped: 0 }
  const stops = (error: unknown) => error instanceof TarsierError && (stoppingCodes.includes(error.code) || alsoStops?.(error) === true)

  async function outcomeOf(clip: Clip, work: Work<Clip, Result, Progress>): Promise<Outcome<Clip, Result>> {
    try {
      const before = (await earlier?.(clip)) ?? null
      if (before !== null) return { kind: 'skipped', clip, result: before }
      stop.throwIfAborted()
      onEvent({ kind: 'started', clip })
      return { kind: 'done', clip, result: await work(clip, (progress) => onEvent({ kind: 'progress', clip, progress }), stop) }
    } catch (error) {
      if (isAbort(error) || stops(error)) throw error
      stop.throwIfAborted()
      return { kind: 'failed', clip, error: asTarsierError(error) }
    }
  }

  let storing: Promise<void> = Promise.resolve()
  function store(outcome: Outcome<Clip, Result>): Promise<void> {
    const stored = storing.then(() => writeAll(outcome))
    storing = stored.catch(() => {}) // rethrown to the worker that produced the outcome
    return stored
  }

  async function writeAll(outcome: Outcome<Clip, Result>): Promise<void> {
    let stored = outcome
    for (const sink of sinks) {
      try {
        await sink.write(stored)
      } catch (error) {
        if (sink.onFailure === 'stops-job' || stops(error)) throw error
        stored = { kind: 'failed', clip: outcome.clip, error: asTarsierError(error) }
      }
    }
    counts[stored.kind] += 1
    onEvent(stored)
  }

  async function go(work: Work<Clip, Result, Progress>): Promise<void> {
    for (let next = await clips.next(stop); next !== null; next = await clips.next(stop)) {
      // Checked only after a clip was found: if no clips are left, an abort has nothing to stop.
      stop.throwIfAborted()
      const { clip } = next
      try {
        await store(await outcomeOf(clip, work))
      } catch (error) {
        const stopped: Stopped<Clip> = { kind: 'stopped', clip, error: isAbort(error) || stop.aborted ? null : asTarsierError(error) }
        for (const sink of sinks) sink.stopped?.(stopped)
        onEvent(stopped)
        throw error
      }
    }
  }

  // Stop the other workers and wait for them, so that nothing is stored after the job has ended.
  const ends = await Promise.allSettled(
    workers.map((work) =>
      go(work).catch((error: unknown) => {
        failing.abort()
        throw error
      }),
    ),
  )
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
  if (failures.length === 0) return counts
  clips.close()
  signal.throwIfAborted()
  throw failures.find((error) => !isAbort(error)) ?? failures[0]
}

/** Returns an iterator over the clips of a source; `next` resolves to null at the end. An abort ends the wait for an asynchronous source. */
function clipsOf<Clip>(source: Iterable<Clip> | AsyncIterable<Clip>) {
  const found = ({ done, value }: IteratorResult<Clip>) => (done === true ? null : { clip: value as Clip })
  if (Symbol.iterator in source) {
    const clips = source[Symbol.iterator]()
    return { next: async (_signal: AbortSignal) => found(clips.next()), close: () => void clips.return?.() }
  }
  const clips = source[Symbol.asyncIterator]()
  return {
    next: async (signal: AbortSignal) => found(await unlessAborted(clips.next(), signal)),
    // Not awaited: the source closes when its pending step ends.
    close: () => void clips.return?.().catch(() => {}),
  }
}
