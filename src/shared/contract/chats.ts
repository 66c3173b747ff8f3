import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { Answer, EngineEvent } from '../engine-events.ts'
import type { ErrorData } from '../errors.ts'
import { captionShapeSchema } from '../shaping/caption-shape.ts'
import type { TimedText } from '../timed-text.ts'
import { type AskSettings, askSettingsSchema, questionSchema } from './asking.ts'
import { idSchema, procedure } from './base.ts'
import type { ClipMetadata } from './clips.ts'

/** A conversation about a clip in a list. Times are milliseconds since 1970. */
export interface ChatSummary {
  readonly id: string
  readonly clip: string
  /** The user's title, or the start of the first question. */
  readonly title: string
  readonly turns: number
  /** Model of the last turn; null before the first. */
  readonly model: string | null
  readonly created: number
  readonly updated: number
}

/**
 * State of a turn.
 * - `running`: the answer is being generated.
 * - `done`: complete; see `answer`.
 * - `stopped`: the user stopped it or closed the page; `text` is the partial answer.
 * - `cut-off`: the program ended during the answer; `text` is the partial answer.
 * - `failed`: see `error`; `text` is the partial answer.
 */
export const turnStates = ['running', 'done', 'stopped', 'cut-off', 'failed'] as const
export type TurnState = (typeof turnStates)[number]

export interface Turn {
  /** Position in the conversation, from 0. */
  readonly index: number
  readonly question: string
  readonly settings: AskSettings
  /** Model that answered. */
  readonly model: string
  readonly state: TurnState
  /** The answer so far. */
  readonly text: string
  /** Frames, tokens, timings, devices, notices; null unless `done`. */
  readonly answer: Omit<Answer, 'text'> | null
  readonly error: ErrorData | null
  /** Times of the answer's clauses and support of its words; null until they are requested with `events.time`. */
  readonly timed: TimedText | null
  /** Which of the question's `versions` answers this is, from 0: regenerating an answer keeps the earlier ones. */
  readonly version: number
  readonly versions: number
  readonly created: number
}

export interface Chat extends ChatSummary {
  readonly metadata: ClipMetadata
  readonly all: readonly Turn[]
}

/**
 * Events of an answer: first `turn`, the stored turn with the text so far; `queued` while it waits for others; the engine's events; last `saved`, the
 * final turn. Leaving the iterator does not stop the answer: `follow` joins it again, and `stop` ends it. An answer that nobody follows ends after a
 * minute. `batch`: the answer belongs to a batch, which alone stops it.
 */
export type ChatEvent =
  | { readonly kind: 'turn'; readonly turn: Turn; readonly batch: boolean }
  | { readonly kind: 'queued'; readonly ahead: number }
  | EngineEvent
  | { readonly kind: 'saved'; readonly turn: Turn }

const chat = z.object({ chat: idSchema })
const turn = z.int().min(0).max(100_000)
/**
 * `updated` of the conversation as the caller has seen it. If it has changed since, nothing is done, and `conversation-changed` is thrown. Without it,
 * the procedure acts on whatever the conversation contains.
 */
const updated = z.number().optional()

export const chatsContract = {
  /** Creates an empty conversation about a clip. */
  create: procedure.input(z.object({ handle: idSchema })).output(type<Chat>()),
  get: procedure.input(chat).output(type<Chat>()),
  /** Conversations about a clip, newest first. */
  list: procedure.input(z.object({ handle: idSchema })).output(type<readonly ChatSummary[]>()),
  /** Asks a question; without `text`, the model's default description. */
  ask: procedure
    .input(z.object({ chat: idSchema, text: questionSchema.optional(), settings: askSettingsSchema.default({}) }))
    .output(eventIterator(type<ChatEvent>())),
  /** Joins the running answer of a conversation; ends at once if none is running. */
  follow: procedure.input(chat).output(eventIterator(type<ChatEvent>())),
  /** Stops the running answer of a conversation for all who follow it. Its partial text stays in the turn. Throws `usage` for an answer of a batch. */
  stop: procedure.input(chat).output(type<void>()),
  /** Stops the running answer if no other client follows it. To be called before the caller ends its own stream and does not return. */
  leave: procedure.input(chat).output(type<void>()),
  /** Regenerates the last answer, with its own settings by default. The earlier answer is kept as a version. */
  regenerate: procedure
    .input(z.object({ chat: idSchema, settings: askSettingsSchema.optional(), updated }))
    .output(eventIterator(type<ChatEvent>())),
  /** Edits the text of an earlier turn and removes later turns. Uses the turn's settings by default. */
  edit: procedure
    .input(z.object({ chat: idSchema, turn, text: questionSchema, settings: askSettingsSchema.optional(), updated }))
    .output(eventIterator(type<ChatEvent>())),
  /** Makes another version the answer of the last turn: later questions refer to it. Throws `usage` for other turns. */
  chooseVersion: procedure.input(z.object({ chat: idSchema, turn, version: z.int().min(0).max(100_000), updated })).output(type<Turn>()),
  /** All answers to a question, in their order; the one that the turn has is among them. */
  versions: procedure.input(z.object({ chat: idSchema, turn })).output(type<readonly Turn[]>()),
  /** Gives the stored text of an answer a shape, or none, without the model. Throws `usage` for an answer that is not done. */
  shape: procedure.input(z.object({ chat: idSchema, turn, shape: captionShapeSchema.nullable(), updated })).output(type<Turn>()),
  /** Removes all turns. */
  clear: procedure.input(z.object({ chat: idSchema, updated })).output(type<Chat>()),
  rename: procedure.input(z.object({ chat: idSchema, title: z.string().trim().min(1).max(200) })).output(type<ChatSummary>()),
  remove: procedure.input(chat).output(type<void>()),
}
