import { basename, dirname, resolve } from 'node:path'
import { MediaClient } from '../engine/host/media-client.ts'
import { expectFree, replaceFile } from '../jobs/write-file.ts'
import { asTarsierError, isAbort, isProcessLost, TarsierError } from '../shared/errors.ts'
import { isPlaceholder, readAnnotations } from './annotations.ts'
import { fillVideoFile } from './fill-video-file.ts'
import type { BrokenLine } from './json-lines.ts'
import { type ClipFile, clipFile, clipFiles, VideoFolder } from './locate-videos.ts'
import { clipsOf, type Sample } from './sample.ts'

export interface PrepareRequest {
  /** A file or a folder of annotations, of either format. */
  readonly annotations: string
  /** Folder of the clips. */
  readonly videos: string
  /** Output file. */
  readonly out: string
  /** Replace an existing output file; otherwise its existence is an error. */
  readonly overwrite: boolean
}

/** Events of the preparation of annotations. */
export type PrepareEvent =
  | { readonly kind: 'line'; readonly done: number }
  | BrokenLine
  /** A clip was not found. `file` and `line` are the first of the `lines` that use it. */
  | { readonly kind: 'missing'; readonly file: string; readonly line: number; readonly lines: number; readonly error: TarsierError }
  | { readonly kind: 'checking'; readonly path: string; readonly done: number; readonly of: number }
  /** A clip exists but cannot be opened. */
  | { readonly kind: 'unusable'; readonly path: string; readonly error: TarsierError }

export interface PrepareSummary {
  /** Number of lines written. */
  readonly lines: number
  /** Number of these lines whose clip was not found; they keep their placeholder. */
  readonly missing: number
  /** Number of broken lines, which are left out. */
  readonly broken: number
  /** Number of distinct clips, and how many of them cannot be opened. */
  readonly clips: number
  readonly unusable: number
}

/**
 * Writes annotations with the clips' paths in place of `<placeholder>`, and opens every clip once to check it. Everything else in a line is
 * unchanged. A line whose clip is not found is kept unchanged, a broken line is left out; both are reported. The output file appears only when
 * everything is complete. Throws `file-missing` and `file-unreadable` for annotations and videos, `write-failed`, `disk-full`.
 */
export async function prepareAnnotations(
  request: PrepareRequest,
  signal: AbortSignal,
  report: (event: PrepareEvent) => void,
): Promise<PrepareSummary> {
  const out = resolve(request.out)
  if (!request.overwrite) await expectFree(out)
  const videos = await VideoFolder.open(request.videos, signal)
  const count = { lines: 0, missing: 0, broken: 0, clips: 0, unusable: 0 }
  const missing = new Map<string, Extract<PrepareEvent, { kind: 'missing' }>>()
  const clips = new Map<string, ClipFile>()

  async function* lines(): AsyncGenerator<string, void> {
    for await (const read of readAnnotations(request.annotations, signal)) {
      if (read.kind === 'broken') {
        count.broken++
        report(read)
        continue
      }
      report({ kind: 'line', done: ++count.lines })
      const { sample, file, line, text } = read
      const files = located(sample, videos)
      if (files instanceof TarsierError) {
        count.missing++
        const there = missing.get(nameOf(sample))
        missing.set(nameOf(sample), { kind: 'missing', file, line, error: files, ...there, lines: (there?.lines ?? 0) + 1 })
        yield `${text}\n`
        continue
      }
      for (const clip of files) clips.set(JSON.stringify(clip), clip)
      const placeholder = clipsOf(sample)
        .flatMap((clip) => clip.file)
        .find(isPlaceholder)
      yield `${placeholder === undefined ? text : fillVideoFile(text, clipFile(placeholder, sample, videos))}\n`
    }
    for (const event of missing.values()) report(event)
    count.clips = clips.size
    count.unusable = await checkClips([...clips.values()], signal, report)
    if (!request.overwrite) await expectFree(out)
  }

  await replaceFile(dirname(out), basename(out), lines())
  return count
}

function located(sample: Sample, videos: VideoFolder): ClipFile[] | TarsierError {
  try {
    return clipFiles(sample, videos)
  } catch (error) {
    if (error instanceof TarsierError) return error
    throw error
  }
}

/** Opens each clip, or each of its pictures, in a separate process that a clip may crash; returns how many clips cannot be opened. */
async function checkClips(clips: readonly ClipFile[], signal: AbortSignal, report: (event: PrepareEvent) => void): Promise<number> {
  const unusable = new Set<ClipFile>()
  let media = new MediaClient()
  try {
    for (const [done, clip] of clips.entries()) {
      for (const path of [clip].flat()) {
        report({ kind: 'checking', path, done, of: clips.length })
        try {
          await media.probe(path, signal)
        } catch (error) {
          if (isAbort(error)) throw error
          const problem = asTarsierError(error)
          unusable.add(clip)
          report({ kind: 'unusable', path, error: problem })
          if (!isProcessLost(problem)) continue
          // A clip that crashes the process must not affect the next ones, however many crash.
          await media[Symbol.asyncDispose]()
          media = new MediaClient()
        }
      }
    }
  } finally {
    await media[Symbol.asyncDispose]()
  }
  return unusable.size
}

/** Identifies the samples that use the same clip. */
function nameOf({ dataset, vid }: Sample): string {
  return JSON.stringify([dataset.split('/', 1), vid])
}
