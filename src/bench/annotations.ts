import { z } from 'zod'
import type { Annotation, LineRole } from './annotation-fields.ts'
import { annotationV1Schema } from './annotation-v1.ts'
import { annotationV2Schema } from './annotation-v2.ts'
import { type BrokenLine, readJsonLines } from './json-lines.ts'

/** What stands for a clip's path in published annotations. */
const PLACEHOLDER = '<placeholder>'

/** A line of annotations with what it says. */
export interface AnnotationLine extends Annotation {
  readonly kind: 'annotation'
  readonly file: string
  /** From 1. */
  readonly line: number
  /** As it stands in the file. */
  readonly text: string
}

/**
 * Reads annotations of both shapes from a `.jsonl` file or from those of a folder, one line in memory at a time. A line that cannot be used
 * is given as broken, and so is the second of two with one key; the lines after it are read all the same. Throws as `readJsonLines` does.
 */
export async function* readAnnotations(path: string, signal: AbortSignal): AsyncGenerator<AnnotationLine | BrokenLine, void> {
  const places = new Map<string, string>()
  for await (const read of readJsonLines(path, signal)) {
    if (read.kind === 'broken') {
      yield read
      continue
    }
    const { file, line, text } = read
    const annotation = parseAnnotation(read.value)
    if ('reason' in annotation) {
      yield { kind: 'broken', file, line, reason: annotation.reason }
      continue
    }
    if (!annotation.referenced) {
      yield { kind: 'broken', file, line, reason: 'there is no reference' }
      continue
    }
    const { key } = annotation.sample
    const first = places.get(key)
    if (first === undefined) {
      places.set(key, `${file}:${line}`)
      yield { kind: 'annotation', file, line, text, ...annotation }
    } else yield { kind: 'broken', file, line, reason: `"${key}" is there twice, first at ${first}; this one is left out` }
  }
}

/** One line's JSON, of either shape, as a sample, with or without a reference; or why it is none. A line that has both shapes is read as version 2. */
export function parseAnnotation(value: unknown, role: LineRole = 'annotation'): Annotation | { readonly reason: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { reason: 'not an object' }
  if (!('messages' in value) && !('text' in value)) return { reason: 'neither "messages" (version 2) nor "text" (version 1) is there' }
  const parsed = ('messages' in value ? annotationV2Schema(role) : annotationV1Schema).safeParse(value)
  return parsed.success ? parsed.data : { reason: reasonOf(parsed.error) }
}

/** Whether annotations name no clip yet. */
export function isPlaceholder(videoFile: string): boolean {
  return videoFile.includes(PLACEHOLDER)
}

/** All that is wrong with a line, each with its place. */
function reasonOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length === 0 ? issue.message : `${z.core.toDotPath(issue.path)}: ${issue.message}`))
    .join('; ')
    .slice(0, 400)
}
