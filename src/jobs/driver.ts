import { unlessAborted } from '../platform/unless-aborted.ts'
import type { ErrorCode } from '../shared/error-codes.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'

/** Failures that every further clip would meet too: the job stops, and what is done stays. */
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
]

/** What became of one clip. A job has one of these for each clip that it finished with. */
export type Outcome<Clip, Result> =
  | { readonly kind: 'done'; readonly clip: Clip; readonly result: Result }
  | { readonly kind: 'failed'; readonly clip: Clip; readonly error: TarsierError }
  /** An earlier job had done it; `result` is that job's. */
  | { readonly kind: 'skipped'; readonly clip: Clip; readonly result: Result }

/** A clip whose work was stopped. It has no outcome and is left for the next job. `error` is null where the job was aborted. */
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

/**
 * The work on one clip. It gives the result, or throws why there is none. An abort of the signal must end it; `report` passes on how far it is.
 */
export type Work<Clip, Result, Progress> = (clip: Clip, report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>

/** A place where outcomes are stored. The driver calls it for one outcome at a time. */
export interface Sink<Clip, Result> {
  /**
   * What a failure to store means. `fails-clip`: the clip has failed, and further sinks are given that (a text beside the clip). `stops-job`: there
   * is nowhere to store any further outcome (one file for all clips).
   */
  readonly onFailure: 'fails-clip' | 'stops-job'
  /** Resolved once the outcome is stored. */
  write(outcome: Outcome<Clip, Result>): Promise<void> | void
  /** The work on a clip ended without an outcome. */
  stopped?(stopped: Stopped<Clip>): void
}

export interface Job<Clip, Result, Progress> {
  /** Clips in the order in which they are begun. The next one is asked for when a worker is free, so a source may grow while the job runs. */
  readonly source: Iterable<Clip> | AsyncIterable<Clip>
  /** Each works on one clip at a time. The same one may be there several times. */
  readonly workers: readonly Work<Clip, Result, Progress>[]
  /** In the order in which they are given an outcome. */
  readonly sinks: readonly Sink<Clip, Result>[]
  /**
   * What an earlier job made of a clip; null for one that is to be worked on, which a failed one is where failures are retried. It is asked just
   * before the work would begin. Defaults to null for all.
   */
  readonly earlier?: (clip: Clip) => Promise<Result | null>
  /** Failures of a clip that stop the job. Defaults to those that every further clip would meet too. */
  readonly stoppingCodes?: readonly ErrorCode[]
}

export interface JobCounts {
  readonly done: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Goes through clips: each is worked on once, and its outcome is given to every sink and then to `onEvent`. A clip's failure is its own and the job
 * goes on. With one worker outcomes come in the order of the source, with several in the order in which they are ready.
 *
 * @returns how many clips had which outcome, once the source has ended and all outcomes are stored
 * @throws the first failure that stops the job, or the abort's reason. Then every worker has ended, and clips under way were `stopped`. An abort
 *   after the last clip of a source that does not wait is no abort: all clips are done.
 */
export async function runJob<Clip, Result, Progress = never>(
  { source, workers, sinks, earlier, stoppingCodes = STOPPING_CODES }: Job<Clip, Result, Progress>,
  onEvent: (event: JobEvent<Clip, Result, Progress>) => void,
  signal: AbortSignal,
): Promise<JobCounts> {
  const clips = clipsOf(source)
  const failing = new AbortController()
  const stop = AbortSignal.any([signal, failing.signal])
  const counts = { done: 0, failed: 0, skipped: 0 }
  const stops = (error: unknown) => error instanceof TarsierError && stoppingCodes.includes(error.code)

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
    storing = stored.catch(() => {}) // thrown to the worker whose outcome it is
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
      // Only now: with nothing left to do, an abort has nothing to stop.
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

  // The others are stopped and waited for, so that nothing is stored after the job has ended.
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

/** Takes clips of a source one after the other; null at its end. A source that waits is left when the signal aborts. */
function clipsOf<Clip>(source: Iterable<Clip> | AsyncIterable<Clip>) {
  const found = ({ done, value }: IteratorResult<Clip>) => (done === true ? null : { clip: value as Clip })
  if (Symbol.iterator in source) {
    const clips = source[Symbol.iterator]()
    return { next: async (_signal: AbortSignal) => found(clips.next()), close: () => void clips.return?.() }
  }
  const clips = source[Symbol.asyncIterator]()
  return {
    next: async (signal: AbortSignal) => found(await unlessAborted(clips.next(), signal)),
    // Not waited for: it closes once what it waits for is there.
    close: () => void clips.return?.().catch(() => {}),
  }
}
