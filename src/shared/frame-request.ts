import { z } from 'zod'

/**
 * How a time selects a frame.
 * - `on-screen` (the default): the frame that a player shows at that time, by the stream's timestamps. With a constant rate this is upstream's
 *   `round(t * rate)`.
 * - `average-rate`: `round(t * rate)` with the average rate, even if the rate varies; upstream's rule, for its annotations.
 */
export const timeRules = ['on-screen', 'average-rate'] as const
export type TimeRule = (typeof timeRules)[number]
const rule = z.enum(timeRules).optional()

/** A time in the clip, in seconds from its first frame. */
const seconds = z.number().min(0)

const start = seconds.meta({
  title: 'Start',
  description: 'Start of the range: the first frame used is the one shown at this time.',
  unit: 'seconds',
  whenAbsent: 'start of the clip',
})
const end = seconds.meta({
  title: 'End',
  description: 'End of the range: the last frame used is the one shown at this time.',
  unit: 'seconds',
  whenAbsent: 'end of the clip',
})

/**
 * A part of the clip. Defaults to the whole clip.
 * - `seconds` from the first frame: from the frame at `start` to the frame at `end`, inclusive.
 * - `frames`: frame numbers, `end` excluded.
 */
export const clipRangeSchema = z.discriminatedUnion('unit', [
  z.object({ unit: z.literal('seconds'), start: start.optional(), end: end.optional(), rule }).strict(),
  z.object({ unit: z.literal('frames'), start: z.int().min(0).optional(), end: z.int().min(0).optional() }).strict(),
])
export type ClipRange = z.infer<typeof clipRangeSchema>

/** Maximum number of frames per clip, as in Tarsier2's processor. */
export const MAX_FRAMES = 256

export const samplerNames = ['uniform', 'middle'] as const
export type SamplerName = (typeof samplerNames)[number]

/** What a user can choose about the frames of a clip; each schema has its meaning, unit and default with it. */
export const frameOptions = {
  frames: z.int().min(1).max(MAX_FRAMES).meta({
    title: 'Frames',
    description: 'Number of frames that are passed to the model.',
    whenAbsent: 'model-specific, 16 for Tarsier2',
  }),
  sampler: z.enum(samplerNames).meta({
    title: 'Frame selection',
    description:
      'How frames are selected: "uniform" spaces them evenly from the first to the last frame, "middle" divides the clip into equal parts and uses the middle frame of each.',
    whenAbsent: 'model-specific',
  }),
  start,
  end,
  times: z.array(seconds).min(1).max(MAX_FRAMES).meta({
    title: 'Times',
    description: 'Uses exactly the frames shown at these times.',
    unit: 'seconds',
  }),
  maxPixels: z.int().min(1).max(1e9).meta({
    title: 'Pixels per frame',
    description:
      "Maximum size of a frame after downscaling. Fewer pixels are faster but less detailed. The model's minimum size still applies.",
    unit: 'pixels',
    whenAbsent: 'model-specific',
  }),
} as const

/**
 * Which frames of a clip the model receives.
 * - `uniform`: Tarsier 1's rule, including the first and last frame.
 * - `middle`: Tarsier 2's rule, the middle of each of `count` near-equal parts.
 * - `indices`: frame indices in presentation order, from 0.
 * - `times`: the frames at these times, in seconds.
 */
export const frameRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('uniform'), count: frameOptions.frames, range: clipRangeSchema.optional() }).strict(),
  z.object({ kind: z.literal('middle'), count: frameOptions.frames, range: clipRangeSchema.optional() }).strict(),
  z.object({ kind: z.literal('indices'), indices: z.array(z.int().min(0)).min(1).max(MAX_FRAMES) }).strict(),
  z.object({ kind: z.literal('times'), times: frameOptions.times, rule }).strict(),
])
export type FrameRequest = z.infer<typeof frameRequestSchema>
