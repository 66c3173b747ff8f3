import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { Answer, EngineEvent } from '../engine-events.ts'
import type { ErrorData } from '../errors.ts'
import { type AskSettings, askSettingsSchema, questionSchema } from './asking.ts'
import { idSchema, procedure } from './base.ts'
import type { ClipMetadata } from './clips.ts'

/** A conversation about a clip, as lists show it. Times are milliseconds since 1970. */
export interface ChatSummary {
  readonly id: string
  readonly clip: string
  /** The person's own, or the beginning of the first question. */
  readonly title: string
  readonly turns: number
  /** The last turn's model; null before the first. */
  readonly model: string | null
  readonly created: number
  readonly updated: number
}

/**
 * How far a turn came.
 * - `running`: the answer is being made.
 * - `done`: it is complete; `answer` says everything about it.
 * - `stopped`: somebody stopped it, or closed the page; `text` is what had been said.
 * - `cut-off`: the program ended while it was being made; `text` is what had been said.
 * - `failed`: `error` says why; `text` is what had been said before.
 */
export const turnStates = ['running', 'done', 'stopped', 'cut-off', 'failed'] as const
export type TurnState = (typeof turnStates)[number]

export interface Turn {
  /** From 0, in the order of the conversation. */
  readonly index: number
  readonly question: string
  readonly settings: AskSettings
  /** The model that was asked. */
  readonly model: string
  readonly state: TurnState
  /** The answer, or as much as there is of it. */
  readonly text: string
  /** Frames, tokens, timings, devices, notices; null unless `done`. */
  readonly answer: Omit<Answer, 'text'> | null
  readonly error: ErrorData | null
  readonly created: number
}

export interface Chat extends ChatSummary {
  readonly metadata: ClipMetadata
  readonly all: readonly Turn[]
}

/**
 * What a caller is told while an answer is made: first `turn`, the turn as it was saved; `queued` while others are before it; the engine's
 * events; last `saved`, the turn as it is kept. Stopping the iterator, or aborting, stops the answer; what had been said stays in the turn.
 */
export type ChatEvent =
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'queued'; readonly ahead: number }
  | EngineEvent
  | { readonly kind: 'saved'; readonly turn: Turn }

const chat = z.object({ chat: idSchema })
const turn = z.int().min(0).max(100_000)

export const chatsContract = {
  /** A new, empty conversation about a clip. */
  create: procedure.input(z.object({ handle: idSchema })).output(type<Chat>()),
  get: procedure.input(chat).output(type<Chat>()),
  /** The conversations about a clip, the newest first. */
  list: procedure.input(z.object({ handle: idSchema })).output(type<readonly ChatSummary[]>()),
  /** Asks; without `text` for the description that the model's makers ask for. */
  ask: procedure
    .input(z.object({ chat: idSchema, text: questionSchema.optional(), settings: askSettingsSchema.default({}) }))
    .output(eventIterator(type<ChatEvent>())),
  /** The last turn's answer once more; with its own settings unless others are given. */
  regenerate: procedure
    .input(z.object({ chat: idSchema, settings: askSettingsSchema.optional() }))
    .output(eventIterator(type<ChatEvent>())),
  /** Another text for an earlier turn; what came after it is dropped. With the turn's own settings unless others are given. */
  edit: procedure
    .input(z.object({ chat: idSchema, turn, text: questionSchema, settings: askSettingsSchema.optional() }))
    .output(eventIterator(type<ChatEvent>())),
  /** Drops all turns: the conversation starts over. */
  clear: procedure.input(chat).output(type<Chat>()),
  rename: procedure.input(z.object({ chat: idSchema, title: z.string().trim().min(1).max(200) })).output(type<ChatSummary>()),
  remove: procedure.input(chat).output(type<void>()),
}
