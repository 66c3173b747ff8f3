import { z } from 'zod'

/**
 * Which frame a time means.
 * - `on-screen` (the default): the one a player shows then, by the stream's own timestamps. Where these keep a constant rate it is upstream's
 *   `round(t * rate)`, the nearest one.
 * - `average-rate`: `round(t * rate)` with the average rate, also where the rate varies; upstream's rule to the letter, for its annotations.
 */
export const timeRules = ['on-screen', 'average-rate'] as const
export type TimeRule = (typeof timeRules)[number]
const rule = z.enum(timeRules).optional()

/**
 * A part of the clip. Defaults to the whole clip.
 * - `seconds` from its first frame: from the frame that `start` means to the one that `end` means, which is included.
 * - `frames`: frame numbers, `end` excluded.
 */
export const clipRangeSchema = z.discriminatedUnion('unit', [
  z.object({ unit: z.literal('seconds'), start: z.number().min(0).optional(), end: z.number().min(0).optional(), rule }).strict(),
  z.object({ unit: z.literal('frames'), start: z.int().min(0).optional(), end: z.int().min(0).optional() }).strict(),
])
export type ClipRange = z.infer<typeof clipRangeSchema>

/** The most frames one clip may give, as in Tarsier2's processor. */
export const MAX_FRAMES = 256

/**
 * Which frames of a clip the model shall see.
 * - `uniform`: version 1's rule, first and last frame always taken.
 * - `middle`: version 2's rule, the middle of each of `count` near-equal runs.
 * - `indices`: these frame numbers (presentation order, from 0).
 * - `times`: the frames that these seconds mean.
 */
export const frameRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('uniform'), count: z.int().min(1).max(MAX_FRAMES), range: clipRangeSchema.optional() }).strict(),
  z.object({ kind: z.literal('middle'), count: z.int().min(1).max(MAX_FRAMES), range: clipRangeSchema.optional() }).strict(),
  z.object({ kind: z.literal('indices'), indices: z.array(z.int().min(0)).min(1).max(MAX_FRAMES) }).strict(),
  z.object({ kind: z.literal('times'), times: z.array(z.number().min(0)).min(1).max(MAX_FRAMES), rule }).strict(),
])
export type FrameRequest = z.infer<typeof frameRequestSchema>

export const samplerNames = ['uniform', 'middle'] as const
export type SamplerName = (typeof samplerNames)[number]
