import type { EngineOptions, EstimateRequest, NextQuestion, TraceRequest, TurnRequest } from '../engine-client.ts'

/** What the parent asks of the engine's process; `start` comes first where there is a model to be loaded. */
export type EngineCommand =
  | { readonly kind: 'start'; readonly options: EngineOptions }
  | { readonly kind: 'load' }
  | { readonly kind: 'answer'; readonly conversation: string; readonly turn: TurnRequest }
  | { readonly kind: 'estimate'; readonly request: EstimateRequest }
  | { readonly kind: 'run-start'; readonly question: NextQuestion }
  | { readonly kind: 'close'; readonly conversation: string }
  | { readonly kind: 'trace'; readonly request: TraceRequest }
  | { readonly kind: 'diagnose' }
