import { z } from 'zod'
import type { MediaInfo } from '../engine/media/types.ts'
import { errorDetailsSchema } from '../shared/contract/base.ts'
import type { Turn } from '../shared/contract/chats.ts'
import { errorCodes } from '../shared/error-codes.ts'
import type { ErrorData } from '../shared/errors.ts'
import { remedies } from '../shared/remedies.ts'

/** Metadata from probing a clip; all values are 0 if they are unknown. */
export const storedMetadataSchema: z.ZodType<MediaInfo> = z.looseObject({
  path: z.string(),
  kind: z.enum(['video', 'image', 'gif']),
  width: z.int().min(0),
  height: z.int().min(0),
  // Earlier versions did not save this.
  pixelAspect: z.number().positive().default(1),
  rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
  frameCount: z.int().min(0),
  rate: z.number().min(0),
  // Earlier versions did not save this. With `false`, the page requests the frame times.
  constantRate: z.boolean().default(false),
  duration: z.number().min(0),
  container: z.string(),
  codec: z.string(),
  pixelFormat: z.string(),
  // Earlier versions did not save this.
  startTimecode: z.string().nullable().default(null),
  bytes: z.int().min(0),
  notices: z.array(z.string()),
})

/** Only displayed, so not validated further. */
export const storedAnswerSchema = z.custom<Turn['answer']>((value) => value === null || typeof value === 'object')

/** A saved or exported error. An unknown code becomes `internal`; the message is kept. Earlier versions saved the remedy in the details, as `way`. */
export const storedErrorSchema: z.ZodType<ErrorData | null> = z
  .object({
    code: z.enum(errorCodes).catch('internal'),
    message: z.string(),
    details: errorDetailsSchema.optional().catch(undefined),
    remedy: z.enum(remedies).optional().catch(undefined),
  })
  .transform(({ code, message, details, remedy }): ErrorData => {
    const { way, ...others } = details ?? {}
    const known = remedy ?? remedies.find((name) => name === way)
    return { code, message, ...(Object.keys(others).length > 0 && { details: others }), ...(known && { remedy: known }) }
  })
  .nullable()

/**
 * Parses a JSON column with a schema; returns `fallback` if it does not match. Other programs, and older and newer versions, can write to the
 * file: one invalid row must not prevent the others from being shown.
 */
export function storedJson<Stored>(text: unknown, schema: z.ZodType<Stored>, fallback: Stored): Stored {
  const parsed = schema.safeParse(jsonIn(text))
  return parsed.success ? parsed.data : fallback
}

/** Parses JSON; returns undefined if it is invalid. */
export function jsonIn(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}
