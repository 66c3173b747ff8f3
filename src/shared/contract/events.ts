import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import { type ClipEvents, clipEventSchema, type SearchProgress } from '../clip-events.ts'
import type { EngineEvent } from '../engine-events.ts'
import { eventFormats } from '../event-formats.ts'
import { frameOptions, samplerNames } from '../frame-request.ts'
import { eventOptions } from '../options.ts'
import type { TimedText } from '../timed-text.ts'
import { askSettingsSchema, questionSchema } from './asking.ts'
import { idSchema, procedure, type TextFile } from './base.ts'
import type { Turn } from './chats.ts'

/** How events are found. Missing fields come from the user's settings, and then from the model's defaults. */
export const findEventsSettingsSchema = z
  .object({
    model: askSettingsSchema.shape.model,
    device: askSettingsSchema.shape.device,
    /** Frames of each segment. */
    frames: z.object({ kind: z.enum(samplerNames), count: frameOptions.frames }).exactOptional(),
    maxPixels: askSettingsSchema.shape.maxPixels,
    system: askSettingsSchema.shape.system,
    sampling: askSettingsSchema.shape.sampling,
    /** Question about each segment. Defaults to the model's prompt for a description. */
    question: questionSchema.exactOptional(),
    /** Text whose events are timed in the whole clip, instead of descriptions of its segments. */
    text: z.string().trim().min(1).max(100_000).exactOptional(),
    segmentSeconds: eventOptions.segmentSeconds.exactOptional(),
    /** Whether segments begin at shot changes. Defaults to true. */
    scenes: z.boolean().exactOptional(),
    precision: eventOptions.precision.exactOptional(),
  })
  .strict()
export type FindEventsSettings = z.infer<typeof findEventsSettingsSchema>

/** The events of a clip as the library stores them; those of the last complete run. */
export interface StoredEvents {
  /** Handle of the clip. */
  readonly clip: string
  readonly settings: FindEventsSettings
  readonly found: ClipEvents
  /** Milliseconds since 1970. */
  readonly created: number
}

/** Progress of a search for shots, of an answer, or of scoring. */
export type ScoringProgress =
  | { readonly kind: 'queued'; readonly ahead: number }
  | Exclude<EngineEvent, { kind: 'done' }>
  | { readonly kind: 'scored'; readonly done: number; readonly of: number }

/** Events of `find`: progress; `segment` after each finished segment; last `saved`. Leaving the iterator stops the run; finished segments are kept. */
export type FindEventsEvent = ScoringProgress | SearchProgress | { readonly kind: 'saved'; readonly stored: StoredEvents }

/** Events of `time`: progress, and last `saved`, the turn with its `timed` text. */
export type TimeAnswerEvent = ScoringProgress | { readonly kind: 'saved'; readonly turn: Turn }

/** Events of `check`: progress, and last `checked`. */
export type CheckTextEvent = ScoringProgress | { readonly kind: 'checked'; readonly timed: TimedText }

/** Cost of a search for events, before it runs. */
export interface FindEventsCost {
  /** Number of segments; the fewest there can be, as long as the shots are not known. */
  readonly segments: number
  /** Estimated seconds of the whole run, with the longest descriptions; null if the speed of the model on this device or of the codec is unknown. */
  readonly seconds: number | null
}

/** Events of `saveMoment`: progress from 0 to 1, and last the id of the piece, for `pieceAddress`. */
export type SaveMomentEvent =
  | { readonly kind: 'making'; readonly value: number }
  | { readonly kind: 'ready'; readonly piece: string; readonly name: string }

const handle = z.object({ handle: idSchema })

export const eventsContract = {
  /** Describes a clip segment by segment and finds out when its events happen. The result replaces the stored one. */
  find: procedure.input(handle.extend({ settings: findEventsSettingsSchema.default({}) })).output(eventIterator(type<FindEventsEvent>())),
  /** The stored events of a clip; null if there are none. */
  get: procedure.input(handle).output(type<StoredEvents | null>()),
  cost: procedure.input(handle.extend({ settings: findEventsSettingsSchema.default({}) })).output(type<FindEventsCost>()),
  /**
   * Cuts a moment out of a clip, with its sound; seconds from the clip's first frame. `copy` copies from the keyframe before. The file can be downloaded
   * for an hour. Leaving the iterator stops the work. Throws `invalid-range`, `write-failed` and `disk-full`.
   */
  saveMoment: procedure
    .input(handle.extend({ start: z.number().min(0), end: z.number().min(0), mode: z.enum(['exact', 'copy']).default('exact') }))
    .output(eventIterator(type<SaveMomentEvent>())),
  /** Removes the stored events of a clip. */
  remove: procedure.input(handle).output(type<void>()),
  /**
   * Exports events as a file: by default the stored events of the clip. `events` gives others, such as those of an answer. Throws `nothing-found` if
   * there are none, and `format-unsuitable`.
   */
  export: procedure
    .input(handle.extend({ format: z.enum(eventFormats), events: z.array(clipEventSchema).max(100_000).exactOptional() }))
    .output(type<TextFile>()),
  /**
   * Finds the times of the clauses of an answer and the support of its words, and stores them with the turn. `precision` has the clip examined more
   * closely; by default only the answer's own frames are used.
   */
  time: procedure
    .input(z.object({ chat: idSchema, turn: z.int().min(0).max(100_000), precision: eventOptions.precision.exactOptional() }))
    .output(eventIterator(type<TimeAnswerEvent>())),
  /** Tells how much a clip supports each word of a text. Nothing is stored. */
  check: procedure
    .input(
      handle.extend({
        text: z.string().trim().min(1).max(100_000),
        question: questionSchema.exactOptional(),
        settings: askSettingsSchema.default({}),
      }),
    )
    .output(eventIterator(type<CheckTextEvent>())),
}
