import { z } from 'zod'
import type { TimedClause } from './timed-text.ts'

/** Something that happens in a clip. */
export interface ClipEvent {
  /** What happens, in one clause or sentence. */
  readonly text: string
  /** A sentence that says the same to someone who reads nothing before it, as subtitles need it; left out if it is the text. */
  readonly caption?: string
  /** Seconds from the clip's first frame; null if no clear time is known. */
  readonly start: number | null
  /** Seconds from the clip's first frame; null if the end is not known. Null whenever `start` is. */
  readonly end: number | null
  /** How clearly the frames show the event at this time: 0 (not at all) to 1. */
  readonly confidence: number
  /** Index of the segment it belongs to, in {@link ClipEvents.segments}. */
  readonly segment: number
}

/** Part of a clip that was described on its own. */
export interface Segment {
  /** Seconds from the clip's first frame. */
  readonly start: number
  readonly end: number
  /** Description of the part. */
  readonly text: string
}

/** Chapter of a clip. It ends where the next one starts, or with the clip. */
export interface Chapter {
  /** Seconds from the clip's first frame. */
  readonly start: number
  readonly title: string
}

/** A number of frames per second as an exact fraction, such as 30000/1001. */
export interface FrameRate {
  readonly numerator: number
  readonly denominator: number
}

/** What happens in a clip and when. */
export interface ClipEvents {
  /** Path or name of the clip's file, as the user gave it. */
  readonly file: string
  /** Seconds; 0 for a still picture. */
  readonly duration: number
  /** Nominal frame rate; null for a still picture. */
  readonly frameRate: FrameRate | null
  /** Size of the upright picture in pixels, for editors' timelines; left out if unknown. */
  readonly size?: { readonly width: number; readonly height: number }
  /** Whether the frames are not shown at a constant rate. `frameRate` is then their average. */
  readonly variableRate: boolean
  /** Timecode of the clip's first frame as the file states it, such as 01:00:00:00 (01:00:00;00 if drop-frame); null if it states none. */
  readonly startTimecode: string | null
  /** Id of the model. */
  readonly model: string
  readonly segments: readonly Segment[]
  readonly events: readonly ClipEvent[]
  readonly chapters: readonly Chapter[]
  /** Summary of the whole clip. */
  readonly summary: string | null
  /** Whether a language model wrote chapters and summary from the segments' texts. Otherwise chapters are the segments, and the summary is their texts. */
  readonly summarizedByModel?: boolean
  /** Sentences about limits of the result, such as a damaged file. */
  readonly notices: readonly string[]
  /** Milliseconds by stage; stages may overlap. */
  readonly timings: Readonly<Record<string, number>>
}

/** A clause of a timed text as an event of a clip. */
export function eventOfClause({ text, caption, begins, ends, confidence }: TimedClause, segment: number): ClipEvent {
  const end = begins === null ? null : ends
  return { text, ...(caption !== undefined && caption !== text && { caption }), start: begins, end, confidence, segment }
}

/** Progress of a search for events by its parts. */
export type SearchProgress =
  | { readonly kind: 'shots'; readonly seconds: number; readonly duration: number }
  /** The model writes chapters and summary: answers so far, and in all. */
  | { readonly kind: 'summary'; readonly done: number; readonly of: number }
  | {
      /** A finished segment, also if an earlier run has finished it. */
      readonly kind: 'segment'
      readonly done: number
      readonly of: number
      readonly segment: Segment
      readonly events: readonly ClipEvent[]
      /** Estimated seconds until the end; null before this run has finished a segment. */
      readonly secondsLeft: number | null
    }

const secondsSchema = z.number().min(0)

export const clipEventSchema: z.ZodType<ClipEvent> = z
  .object({
    text: z.string(),
    caption: z.string().exactOptional(),
    start: secondsSchema.nullable(),
    end: secondsSchema.nullable(),
    confidence: z.number().min(0).max(1),
    segment: z.int().min(0),
  })
  .refine(({ start, end }) => end === null || (start !== null && end >= start), 'must not end before it starts')

export const segmentSchema: z.ZodType<Segment> = z
  .object({ start: secondsSchema, end: secondsSchema, text: z.string() })
  .refine(({ start, end }) => end >= start, 'must not end before it starts')

export const chapterSchema: z.ZodType<Chapter> = z.object({ start: secondsSchema, title: z.string() })

export const clipEventsSchema: z.ZodType<ClipEvents> = z.object({
  file: z.string(),
  duration: secondsSchema,
  frameRate: z.object({ numerator: z.int().min(1), denominator: z.int().min(1) }).nullable(),
  size: z.object({ width: z.int().min(1), height: z.int().min(1) }).exactOptional(),
  variableRate: z.boolean(),
  startTimecode: z
    .string()
    .regex(/^\d{2}:[0-5]\d:[0-5]\d[:;.,]\d{2,3}$/, 'must be a timecode such as 01:00:00:00')
    .nullable(),
  model: z.string(),
  segments: z.array(segmentSchema),
  events: z.array(clipEventSchema),
  chapters: z.array(chapterSchema),
  summary: z.string().nullable(),
  summarizedByModel: z.boolean().exactOptional(),
  notices: z.array(z.string()),
  timings: z.record(z.string(), z.number()),
})
