import type { EngineEvent } from '../../shared/engine-events.ts'
import type { PassedOverDevice } from '../devices/device-use.ts'
import type {
  EngineOptions,
  EstimateRequest,
  Message,
  NextQuestion,
  PastMessage,
  TimeEvent,
  TimeRequest,
  TraceRequest,
  TurnRequest,
  UpcomingClips,
  WriteRequest,
} from '../engine-client.ts'

/** Commands to the engine process. `start` comes first if a model has to be loaded; `diagnose` and `count-prompt` need none. */
export type EngineCommand =
  | { readonly kind: 'start'; readonly options: EngineOptions; readonly passedOver: readonly PassedOverDevice[] }
  | { readonly kind: 'load'; readonly upcoming: UpcomingClips }
  | AnswerCommand
  | TimeCommand
  | { readonly kind: 'write'; readonly request: WriteRequest }
  | { readonly kind: 'estimate'; readonly request: EstimateRequest }
  | { readonly kind: 'run-start'; readonly question: NextQuestion }
  | { readonly kind: 'close'; readonly conversation: string }
  | { readonly kind: 'trace'; readonly request: TraceRequest }
  | CountCommand
  | { readonly kind: 'diagnose'; readonly home: string; readonly passedOver: readonly PassedOverDevice[] }

/** A message whose clips do not matter. */
export interface TextMessage {
  readonly role: Message['role']
  readonly content: readonly ({ readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip' })[]
}

/** Counts text tokens with the vocabulary of a model folder. */
export interface CountCommand {
  readonly kind: 'count-prompt'
  readonly directory: string
  readonly messages: readonly TextMessage[]
  readonly answerPrefix: string
}

export interface AnswerCommand {
  readonly kind: 'answer'
  readonly conversation: string
  /** Messages of the conversation from an earlier process; null if this process has them. */
  readonly past: readonly PastMessage[] | null
  readonly turn: TurnRequest
}

export interface TimeCommand {
  readonly kind: 'time-text'
  readonly conversation: string
  /** As for {@link AnswerCommand}. */
  readonly past: readonly PastMessage[] | null
  readonly request: TimeRequest
}

/** Events of the engine process: the engine's events, and before the first token of an answer the messages so far. */
export type HostEvent = EngineEvent | TimeEvent | { readonly kind: 'history'; readonly messages: readonly PastMessage[] }
