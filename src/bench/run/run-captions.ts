import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { move } from '../../platform/move.ts'
import { CAPTIONS } from '../caption-list.ts'
import { clipFiles, VideoFolder } from '../locate-videos.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import { type Found, PredictionFile } from './prediction-file.ts'
import { lockRun } from './run-lock.ts'
import { type RunProgress, RunRate } from './run-rate.ts'
import { moveAside } from './run-settings.ts'
import { runSamples } from './runner.ts'
import { pendingSamples } from './samples.ts'
import { writeError } from './write-file.ts'

export interface CaptionOptions {
  /** The file of captions, a line a sample as benchmarks have it. What it was made with lies beside it, in a folder `OUT.run`. */
  readonly out: string
  /** Folder of the clips that annotations do not name. */
  readonly videos: string | null
  /** One sample at a time each. */
  readonly workers: readonly [ModelUnderTest, ...ModelUnderTest[]]
  readonly retryFailed: boolean
  /** Move captions that are there already aside. */
  readonly anew: boolean
}

export type CaptionEvent =
  | { readonly kind: 'moved'; readonly from: string; readonly to: string }
  | { readonly kind: 'opened'; readonly found: Found; readonly pending: number }
  | { readonly kind: 'done'; readonly prediction: Prediction; readonly progress: RunProgress }

/** What there is of a list after a run, counted over its samples. */
export interface CaptionCounts {
  readonly described: number
  readonly failed: number
}

/**
 * Describes the clips of a list. A file that was begun is gone on with. Throws `bench-mismatch`, `bench-busy`, `bench-damaged`, what concerns the
 * run itself, and `AbortError`; whatever was done by then stays.
 */
export async function runCaptions(
  samples: readonly Sample[],
  options: CaptionOptions,
  onEvent: (event: CaptionEvent) => void,
  signal: AbortSignal,
): Promise<CaptionCounts> {
  const { workers, retryFailed, videos } = options
  const out = resolve(options.out)
  const directory = `${out}.run`
  if (options.anew) {
    const to = await moveCaptionsAside(out, directory)
    if (to !== null) onEvent({ kind: 'moved', from: out, to })
  }
  const folder = videos === null ? null : await VideoFolder.open(videos, signal)
  const wanted = new Set(samples.map(({ key }) => key))
  const drop = ({ key, prediction }: Prediction) => retryFailed && prediction === null && wanted.has(key)
  const opening = { dataSet: CAPTIONS, settings: workers[0].settings, path: out, drop }
  const opened = await PredictionFile.open(directory, opening, signal)
  await using file = opened.file
  const { found } = opened
  const pending = pendingSamples(samples, found.predictions, out)
  onEvent({ kind: 'opened', found, pending: pending.length })
  const described = new Map([...found.predictions].map(([key, { prediction }]) => [key, prediction !== null]))
  const rate = new RunRate(pending.length)
  await runSamples(
    pending.map((sample) => ({ sample, file })),
    {
      workers,
      locate: (sample) => clipFiles(sample, folder),
      onDone(prediction) {
        described.set(prediction.key, prediction.prediction !== null)
        onEvent({ kind: 'done', prediction, progress: rate.add(prediction.prediction === null) })
      },
    },
    signal,
  )
  const count = (state: boolean) => samples.filter(({ key }) => described.get(key) === state).length
  return { described: count(true), failed: count(false) }
}

/** Moves the captions to `old/`, into the folder of what they were made with. Gives where they went; null where there were none. */
async function moveCaptionsAside(out: string, directory: string): Promise<string | null> {
  if (!existsSync(out) && !existsSync(directory)) return null
  await (await lockRun(directory))[Symbol.asyncDispose]()
  try {
    await move(out, join(directory, basename(out)))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw writeError(out, error)
  }
  const to = await moveAside(directory, new Date())
  return to === null ? null : join(to, basename(out))
}
