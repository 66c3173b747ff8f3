import { extname } from 'node:path'
import { z } from 'zod'
import { parseAnnotation } from './annotations.ts'
import { type BrokenLine, type JsonLine, readJsonLines, splitLines } from './json-lines.ts'
import { clipsOf, clipThenText, type Sample } from './sample.ts'

/** Data set name of captions from a plain list, where annotations name their data set. */
export const CAPTIONS = 'captions'
/** Index of annotations that have none. Upstream needs an index only to resume an unfinished file. */
const NO_NUMBER = ''
/** Maximum length of a path on any supported system. */
const LONGEST_PATH = 32_768

/** A clip of a list, to be described. */
export interface CaptionLine {
  readonly kind: 'caption'
  readonly file: string
  /** 1-based line number. */
  readonly line: number
  readonly sample: Sample
}

const clipSchema = z.object({
  video: z.string().min(1).max(LONGEST_PATH),
  /** Prompt for this clip; overrides the common prompt. */
  prompt: z.string().trim().min(1).optional(),
})

/**
 * Reads the clips of a list as {@link readCaptionLines} does, and yields the second line with the same clip and prompt or the same annotation as
 * broken.
 */
export async function* readCaptionList(
  path: string,
  prompt: string | null,
  fallback: (path: string) => string,
  signal: AbortSignal,
): AsyncGenerator<CaptionLine | BrokenLine, void> {
  const places = new Map<string, number>()
  for await (const read of readCaptionLines(path, prompt, fallback, signal)) {
    if (read.kind === 'broken') {
      yield read
      continue
    }
    const { file, line, sample } = read
    const first = places.get(sample.key)
    if (first === undefined) {
      places.set(sample.key, line)
      yield read
    } else yield { kind: 'broken', file, line, reason: `"${sample.key}" occurs twice, first in line ${first}; this line is skipped` }
  }
}

/**
 * Reads the clips of a list, with one line in memory at a time. Each line of a `.jsonl` file, and each item of a `.json` file, is a path as a JSON string, `{"video": path}` with an
 * optional `"prompt"`, or an annotation of either version, with or without a reference. An annotation's own prompt applies unless `prompt` is given.
 * Any other file has one path per line. Paths are kept as written. Yields an unusable line as broken.
 *
 * @param prompt prompt for every clip; null to use each line's own, or else the result of `fallback` for the path.
 */
export async function* readCaptionLines(
  path: string,
  prompt: string | null,
  fallback: (path: string) => string,
  signal: AbortSignal,
): AsyncGenerator<CaptionLine | BrokenLine, void> {
  for await (const read of readListLines(path, signal)) {
    if (read.kind === 'broken') {
      yield read
      continue
    }
    const { file, line } = read
    const sample = sampleOf(read.value, prompt, fallback)
    if ('reason' in sample) yield { kind: 'broken', file, line, reason: sample.reason }
    else yield { kind: 'caption', file, line, sample }
  }
}

/** Reads the JSON of a `.jsonl`, `.ndjson` or `.json` list as `readJsonLines` does, or of any other file the paths, one per line. */
export function readListLines(path: string, signal: AbortSignal): AsyncGenerator<JsonLine | BrokenLine, void> {
  return isJson(path) ? readJsonLines(path, signal) : readPaths(path, signal)
}

/** The sample of a clip that is to be described, identified by its path, and by its prompt if it has one of its own. */
export function captionSample(video: string, own: string | undefined, request: string): Sample {
  return {
    key: own === undefined ? `${CAPTIONS}-${video}` : `${CAPTIONS}-${video}: ${own}`,
    dataset: CAPTIONS,
    task: 'video/caption',
    idx: video,
    vid: null,
    content: clipThenText(video, request),
    prompt: request,
    answerPrefix: '',
    reference: '',
    question: null,
    extraInfo: {},
  }
}

function sampleOf(value: unknown, prompt: string | null, fallback: (path: string) => string): Sample | { readonly reason: string } {
  if (isAnnotation(value)) {
    const annotation = parseAnnotation({ dataset: CAPTIONS, idx: NO_NUMBER, ...value })
    if ('reason' in annotation) return annotation
    const sample = annotation.sample.idx === NO_NUMBER ? numbered(annotation.sample) : annotation.sample
    if (prompt === null) return sample
    const shown = sample.content.filter((part) => part.kind === 'clip')
    return { ...sample, content: [...shown, { kind: 'text', text: prompt }], prompt, answerPrefix: '', question: null }
  }
  const clip = clipSchema.safeParse(typeof value === 'string' ? { video: value } : value)
  if (!clip.success) return { reason: 'must be a path, {"video": path} or an annotation' }
  const { video, prompt: own } = clip.data
  return captionSample(video, own, prompt ?? own ?? fallback(video))
}

/** Whether a line is an annotation of either version. A clip may have a text beside it, such as an older caption. */
function isAnnotation(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return 'messages' in value || ('text' in value && typeof value.text === 'object' && value.text !== null)
}

/** Identifies an annotation without an index by its clips and prompt, like a clip that is listed by its path. */
function numbered(sample: Sample): Sample {
  const { dataset, prompt } = sample
  const files = clipsOf(sample)
    .flatMap(({ file }) => file)
    .join(', ')
  return { ...sample, idx: files, key: `${dataset}-${files}: ${prompt}` }
}

function isJson(path: string): boolean {
  return ['.jsonl', '.json', '.ndjson'].includes(extname(path).toLowerCase())
}

/** Reads one path per line; skips empty lines. */
async function* readPaths(file: string, signal: AbortSignal): AsyncGenerator<JsonLine | BrokenLine, void> {
  for await (const { line, bytes, offset, length } of splitLines(file, signal)) {
    const text = bytes?.toString('utf8').trim()
    if (text === undefined || text.length > LONGEST_PATH) yield { kind: 'broken', file, line, reason: 'too long for a path' }
    else if (text !== '') yield { kind: 'json', file, line, offset, length, text, value: text }
  }
}
