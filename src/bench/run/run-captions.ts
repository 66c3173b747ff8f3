import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { writeError } from '../../jobs/write-file.ts'
import { isMissing } from '../../platform/file-failure.ts'
import { move } from '../../platform/move.ts'
import { TarsierError } from '../../shared/errors.ts'
import { CAPTIONS } from '../caption-list.ts'
import { clipFiles, VideoFolder } from '../locate-videos.ts'
import type { Sample } from '../sample.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import { lockRun } from './run-lock.ts'
import { type RunEvent, runSets, type SetResult } from './run-sets.ts'
import { moveToBackup } from './run-settings.ts'

export interface CaptionOptions {
  /** Output file of the captions, one line per sample in the format of benchmarks. The settings are stored beside it, in a folder `OUT.run`. */
  readonly out: string
  /** Folder of the clips whose paths the annotations do not give. */
  readonly videos: string | null
  /** Models that answer concurrently, one sample at a time each. */
  readonly workers: readonly [ModelUnderTest, ...ModelUnderTest[]]
  readonly retryFailed: boolean
  /** Moves existing captions to another folder and starts again. */
  readonly anew: boolean
}

/** Describes the clips of a list, and writes the captions to one file. Throws as `runSets` does. */
export async function runCaptions(
  samples: readonly Sample[],
  { out: given, videos, workers, retryFailed, anew }: CaptionOptions,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<SetResult> {
  const out = resolve(given)
  const directory = `${out}.run`
  const to = anew ? await moveCaptionsToBackup(out, directory) : null
  if (to !== null) onEvent({ kind: 'moved', from: out, to })
  const folder = videos === null ? null : await VideoFolder.open(videos, signal)
  const set = { name: CAPTIONS, directory, path: out, samples }
  const [result] = await runSets([set], { workers, retryFailed, locate: (sample) => clipFiles(sample, folder) }, onEvent, signal)
  if (!result) throw new TarsierError('internal', 'A run returned no result. Please report it.')
  return result
}

/** Moves the captions to `old/`, into the folder of their settings. Returns the new path; null if there were none. */
async function moveCaptionsToBackup(out: string, directory: string): Promise<string | null> {
  if (!existsSync(out) && !existsSync(directory)) return null
  await (await lockRun(directory))[Symbol.asyncDispose]()
  try {
    await move(out, join(directory, basename(out)))
  } catch (error) {
    if (!isMissing(error)) throw writeError(out, error)
  }
  const to = await moveToBackup(directory, new Date())
  return to === null ? null : join(to, basename(out))
}
