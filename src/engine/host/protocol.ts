import type { EngineEvent } from '../../shared/engine-events.ts'
import type { ErrorData } from '../../shared/errors.ts'
import type { EngineOptions, TraceRequest, TurnRequest } from '../engine-client.ts'

/** What the parent asks of the engine's process. */
export type Command =
  | { readonly kind: 'load' }
  | { readonly kind: 'answer'; readonly conversation: string; readonly turn: TurnRequest }
  | { readonly kind: 'close'; readonly conversation: string }
  | { readonly kind: 'trace'; readonly request: TraceRequest }
  | { readonly kind: 'diagnose' }

export type ToHost =
  | { readonly kind: 'start'; readonly options: EngineOptions }
  | { readonly kind: 'command'; readonly id: number; readonly command: Command }
  | { readonly kind: 'cancel'; readonly id: number }

/** Every command is answered by one `result` or `failed`, after its events. */
export type FromHost =
  | { readonly kind: 'event'; readonly id: number; readonly event: EngineEvent }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData | 'aborted' }
