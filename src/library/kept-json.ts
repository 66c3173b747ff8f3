import { z } from 'zod'
import type { MediaInfo } from '../engine/media/types.ts'
import { errorDetailsSchema } from '../shared/contract/base.ts'
import type { Turn } from '../shared/contract/chats.ts'
import { errorCodes } from '../shared/error-codes.ts'
import type { ErrorData } from '../shared/errors.ts'
import { remedies } from '../shared/remedies.ts'

/** What a clip was when it was looked at; all of it 0 where that is not known any more. */
export const keptFactsSchema: z.ZodType<MediaInfo> = z.looseObject({
  path: z.string(),
  kind: z.enum(['video', 'image', 'gif']),
  width: z.int().min(0),
  height: z.int().min(0),
  rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
  frameCount: z.int().min(0),
  rate: z.number().min(0),
  // Earlier programs did not look: the page asks for the frames' times then.
  constantRate: z.boolean().default(false),
  duration: z.number().min(0),
  container: z.string(),
  codec: z.string(),
  pixelFormat: z.string(),
  bytes: z.int().min(0),
  notices: z.array(z.string()),
})

/** Shown as it is; nothing is decided by it. */
export const keptAnswerSchema = z.custom<Turn['answer']>((value) => value === null || typeof value === 'object')

/**
 * An error as a row or an exported library has it. A code that this program does not know becomes `internal`: the sentence still says what
 * happened. Earlier programs saved the remedy among the details, under the name `way`.
 */
export const keptErrorSchema: z.ZodType<ErrorData | null> = z
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
 * What a row holds as JSON, in the schema's form; `fallback` where it is none. The file is anybody's to write to, and older and newer
 * programs write to it too: one row that cannot be read must not keep the others from being shown.
 */
export function keptJson<Kept>(text: unknown, schema: z.ZodType<Kept>, fallback: Kept): Kept {
  const parsed = schema.safeParse(jsonIn(text))
  return parsed.success ? parsed.data : fallback
}

/** Undefined for what is no JSON. */
export function jsonIn(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}
