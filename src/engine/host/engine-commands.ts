import type { EngineEvent } from '../../shared/engine-events.ts'
import type { PassedOverDevice } from '../devices/device-use.ts'
import type { EngineOptions, EstimateRequest, NextQuestion, PastMessage, TraceRequest, TurnRequest } from '../engine-client.ts'

/** What the parent asks of the engine's process; `start` comes first where there is a model to be loaded. */
export type EngineCommand =
  | { readonly kind: 'start'; readonly options: EngineOptions; readonly passedOver: readonly PassedOverDevice[] }
  | { readonly kind: 'load' }
  | AnswerCommand
  | { readonly kind: 'estimate'; readonly request: EstimateRequest }
  | { readonly kind: 'run-start'; readonly question: NextQuestion }
  | { readonly kind: 'close'; readonly conversation: string }
  | { readonly kind: 'trace'; readonly request: TraceRequest }
  | { readonly kind: 'diagnose' }

export interface AnswerCommand {
  readonly kind: 'answer'
  readonly conversation: string
  /** What was said in the conversation in an earlier process; null where this one knows it. */
  readonly past: readonly PastMessage[] | null
  readonly turn: TurnRequest
}

/** Events of the engine's process: the engine's own, and before the first word of an answer all that was said up to there. */
export type HostEvent = EngineEvent | { readonly kind: 'history'; readonly messages: readonly PastMessage[] }
