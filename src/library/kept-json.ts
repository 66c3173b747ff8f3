import { z } from 'zod'
import type { MediaInfo } from '../engine/media/types.ts'
import type { Turn } from '../shared/contract/chats.ts'

/** What a clip was when it was looked at; all of it 0 where that is not known any more. */
export const keptFactsSchema: z.ZodType<MediaInfo> = z.looseObject({
  path: z.string(),
  kind: z.enum(['video', 'image', 'gif']),
  width: z.int().min(0),
  height: z.int().min(0),
  rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
  frameCount: z.int().min(0),
  rate: z.number().min(0),
  duration: z.number().min(0),
  container: z.string(),
  codec: z.string(),
  pixelFormat: z.string(),
  bytes: z.int().min(0),
  notices: z.array(z.string()),
})

/** Shown as it is; nothing is decided by it. */
export const keptAnswerSchema = z.custom<Turn['answer']>((value) => value === null || typeof value === 'object')
export const keptErrorSchema = z.custom<Turn['error']>(
  (value) => value === null || (typeof value === 'object' && 'code' in value && 'message' in value),
)

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
