import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Sample } from '../bench/sample.ts'
import { clipRangeSchema } from '../shared/frame-request.ts'

const index = z.number()
const frameChoiceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('picture') }),
  z.object({ kind: z.literal('range'), range: clipRangeSchema }),
  z.object({ kind: z.literal('indices'), indices: z.array(index) }),
  z.object({ kind: z.literal('times'), times: z.array(index) }),
  z.object({ kind: z.literal('rate'), rate: z.number(), range: clipRangeSchema.optional() }),
  z.object({ kind: z.literal('least'), count: z.number(), range: clipRangeSchema.optional() }),
])

const partSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: z.string() }),
  z.object({
    kind: z.literal('clip'),
    clip: z.object({ file: z.union([z.string(), z.array(z.string())]), frames: frameChoiceSchema.optional() }),
  }),
])

const sampleSchema = z.object({
  key: z.string(),
  dataset: z.string(),
  task: z.string(),
  idx: z.union([z.number(), z.string()]),
  vid: z.union([z.number(), z.string(), z.null()]),
  content: z.array(partSchema),
  prompt: z.string(),
  answerPrefix: z.string(),
  reference: z.union([z.string(), z.array(z.string())]),
  question: z.string().nullable(),
  extraInfo: z.record(z.string(), z.unknown()),
}) satisfies z.ZodType<Sample>

/** One unit of work of a job. Its text in the database is checked by this schema before a worker uses it. */
export const unitSchema = z.discriminatedUnion('kind', [
  /** A clip to be described or a sample of a benchmark, whose result is a prediction. */
  z.object({ kind: z.literal('sample'), sample: sampleSchema }),
  /** A clip whose events are searched. */
  z.object({ kind: z.literal('events'), file: z.string().min(1) }),
  /** A text that is checked against a clip. */
  z.object({ kind: z.literal('check'), file: z.string().min(1), text: z.string().min(1) }),
])
export type Unit = { readonly kind: 'sample'; readonly sample: Sample } | Exclude<z.infer<typeof unitSchema>, { kind: 'sample' }>

/** A unit with its key in the database. */
export interface KeyedUnit {
  readonly id: string
  readonly content: string
}

/**
 * The unit's text in the database, and an id made of what identifies it in its job: the key of a sample, the path of a clip, or path and text. The
 * same line therefore gives the same id however often it is submitted.
 */
export function keyed(unit: Unit): KeyedUnit {
  return { id: uuidOf(keyOf(unit)), content: JSON.stringify(unit) }
}

/** Name of a unit in messages. */
export function unitName(unit: Unit): string {
  if (unit.kind !== 'sample') return unit.file
  const clip = unit.sample.content.find((part) => part.kind === 'clip')
  const file = clip === undefined ? undefined : [clip.clip.file].flat()[0]
  return unit.sample.dataset === 'captions' && file !== undefined ? file : unit.sample.key
}

function keyOf(unit: Unit): string {
  switch (unit.kind) {
    case 'sample':
      return `sample ${unit.sample.key}`
    case 'events':
      return `events ${unit.file}`
    case 'check':
      return `check ${JSON.stringify([unit.file, unit.text])}`
  }
}

/** The start of a hash, in the form of a UUID of version 8 (RFC 9562), which is free for such uses. */
function uuidOf(key: string): string {
  const bytes = createHash('sha256').update(key).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
