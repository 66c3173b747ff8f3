import { extname } from 'node:path'
import { z } from 'zod'
import { captionSample, readCaptionLines, readListLines } from '../bench/caption-list.ts'
import type { BrokenLine } from '../bench/json-lines.ts'
import { fileStamp } from '../engine/media/local-file.ts'
import { expandPatterns } from '../jobs/expand-patterns.ts'
import { findClips } from '../jobs/find-clips.ts'
import { assertNever, TarsierError } from '../shared/errors.ts'
import { isAddress } from './clip-places.ts'
import type { Unit } from './unit.ts'

/** What cannot be submitted: a line of a list, or a path. */
export type Unusable = BrokenLine | { readonly kind: 'path'; readonly path: string; readonly error: TarsierError }

export interface UnitOptions {
  readonly task: 'describe' | 'events' | 'check'
  /** Question about each clip; null for the line's own, or that of `fallback`. */
  readonly prompt: string | null
  /** The model's question about a clip. */
  fallback(path: string): string
  onUnusable(unusable: Unusable): void
}

const LISTS = new Set(['.jsonl', '.json', '.ndjson', '.txt', '.list'])
const clipSchema = z.union([z.string().min(1), z.object({ video: z.string().min(1) }).transform(({ video }) => video)])
const checkSchema = z.object({ video: z.string().min(1), text: z.string().trim().min(1) })

/**
 * Makes units of sources: files, folders, patterns, http(s) addresses, and lists of clips (`.txt`, `.jsonl`), which are read line by line.
 * @throws `usage` if a list was changed while it was read; what was submitted stays
 */
export async function* unitsOf(sources: readonly string[], options: UnitOptions, signal: AbortSignal): AsyncGenerator<Unit, void> {
  for (const source of sources) {
    if (LISTS.has(extname(source).toLowerCase()) && !isAddress(source)) yield* unitsOfList(source, options, signal)
    else if (isAddress(source)) yield unitOf(source, options)
    else
      for (const { file, error } of await findClips(await expandPatterns([source]), signal)) {
        if (error) options.onUnusable({ kind: 'path', path: file, error })
        else yield unitOf(file, options)
      }
  }
}

async function* unitsOfList(list: string, options: UnitOptions, signal: AbortSignal): AsyncGenerator<Unit, void> {
  const before = await fileStamp(list).catch(() => null) // reading it tells why
  yield* unitsOfLines(list, options, signal)
  if ((await fileStamp(list)) !== before)
    throw new TarsierError('usage', `${list} was changed while it was read. Submit it again; clips that the job has are not added twice.`)
}

async function* unitsOfLines(list: string, options: UnitOptions, signal: AbortSignal): AsyncGenerator<Unit, void> {
  const { task, prompt, fallback, onUnusable } = options
  switch (task) {
    case 'describe':
      for await (const line of readCaptionLines(list, prompt, fallback, signal)) {
        if (line.kind === 'broken') onUnusable(line)
        else yield { kind: 'sample', sample: line.sample }
      }
      return
    case 'events':
    case 'check':
      for await (const line of readListLines(list, signal)) {
        if (line.kind === 'broken') {
          onUnusable(line)
          continue
        }
        const unit = task === 'events' ? eventsUnit(line.value) : checkUnit(line.value)
        if (unit) yield unit
        else
          onUnusable({
            kind: 'broken',
            file: line.file,
            line: line.line,
            reason: task === 'events' ? 'must be a path or {"video": path}' : 'must be {"video": path, "text": text}',
          })
      }
      return
    default:
      assertNever(task, 'task')
  }
}

function eventsUnit(value: unknown): Unit | null {
  const clip = clipSchema.safeParse(value)
  return clip.success ? { kind: 'events', file: clip.data } : null
}

function checkUnit(value: unknown): Unit | null {
  const line = checkSchema.safeParse(value)
  return line.success ? { kind: 'check', file: line.data.video, text: line.data.text } : null
}

function unitOf(file: string, { task, prompt, fallback }: UnitOptions): Unit {
  switch (task) {
    case 'describe':
      return { kind: 'sample', sample: captionSample(file, undefined, prompt ?? fallback(file)) }
    case 'events':
      return { kind: 'events', file }
    case 'check':
      throw new TarsierError('usage', 'Texts to check are given in a list with a line {"video": path, "text": text} for each clip.')
    default:
      return assertNever(task, 'task')
  }
}
