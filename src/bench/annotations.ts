import { allIssues } from '../shared/schema-issue.ts'
import type { Annotation, LineRole } from './annotation-fields.ts'
import { annotationV1Schema } from './annotation-v1.ts'
import { annotationV2Schema } from './annotation-v2.ts'
import { type BrokenLine, readJsonLines } from './json-lines.ts'

/** Placeholder for a clip's path in published annotations. */
const PLACEHOLDER = '<placeholder>'

/** A line of annotations with its parsed content. */
export interface AnnotationLine extends Annotation {
  readonly kind: 'annotation'
  readonly file: string
  /** 1-based line number. */
  readonly line: number
  /** The line as it is in the file. */
  readonly text: string
}

/**
 * Reads annotations of both formats from a `.jsonl` file, or from all `.jsonl` files of a folder, with one line in memory at a time. Yields an
 * unusable line as broken, likewise the second of two lines with the same key, and continues with the next line. Throws as `readJsonLines` does.
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
      yield { kind: 'broken', file, line, reason: 'the reference is missing' }
      continue
    }
    const { key } = annotation.sample
    const first = places.get(key)
    if (first === undefined) {
      places.set(key, `${file}:${line}`)
      yield { kind: 'annotation', file, line, text, ...annotation }
    } else yield { kind: 'broken', file, line, reason: `"${key}" occurs twice, first at ${first}; this line is skipped` }
  }
}

/**
 * Converts one line's JSON, of either format, to a sample with or without a reference, or returns the reason why it is invalid. A line that matches
 * both formats is read as version 2.
 */
export function parseAnnotation(value: unknown, role: LineRole = 'annotation'): Annotation | { readonly reason: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { reason: 'not an object' }
  if (!('messages' in value) && !('text' in value)) return { reason: '"messages" (version 2) or "text" (version 1) is missing' }
  const parsed = ('messages' in value ? annotationV2Schema(role) : annotationV1Schema).safeParse(value)
  return parsed.success ? parsed.data : { reason: allIssues(parsed.error) }
}

/** Whether the annotation's path is still the placeholder. */
export function isPlaceholder(videoFile: string): boolean {
  return videoFile.includes(PLACEHOLDER)
}
