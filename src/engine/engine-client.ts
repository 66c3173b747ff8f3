import type { DeviceChoice } from '../shared/devices.ts'
import type { DevicesUsed, EngineEvent } from '../shared/engine-events.ts'
import type { Estimate } from '../shared/estimate.ts'
import type { FrameRequest } from '../shared/frame-request.ts'
import type { Sampling } from '../shared/sampling.ts'
import type { GivenLimits, MemoryState } from './estimate/memory-state.ts'

export interface EngineOptions {
  /** A model's name, or the path of a model folder. */
  readonly model: string
  /** See `partDevices`. */
  readonly device: DeviceChoice
  /** Where models and caches lie. */
  readonly home: string
  /** Use devices without holding them against the CPU first. Defaults to false. */
  readonly untested?: boolean
  /** Stricter limits than the model's and the machine's; of memory, beside what is in it already. */
  readonly limits?: GivenLimits | undefined
  /** Keep embeddings and KV state on disk, so that a clip opened again is neither decoded nor encoded. Defaults to true. */
  readonly cache?: boolean
}

/** What callers may know of a loaded model. */
export interface ModelFacts {
  readonly name: string
  readonly summary: string
  readonly languageDevice: string
  /** Tokens one conversation can hold. */
  readonly context: number
  /** The model's own choice of frames and words. */
  readonly defaults: {
    readonly frames: { readonly kind: 'uniform' | 'middle'; readonly count: number }
    readonly generation: { readonly maxTokens: number; readonly temperature: number; readonly topP: number }
  }
}

export interface ClipRequest {
  readonly path: string
  readonly frames: FrameRequest
  /** Further limit on the pixels of one frame. Defaults to the model's budget. */
  readonly maxPixels?: number | undefined
  /** Smaller frames are enlarged to so many pixels, within the model's greatest. Defaults to the model's own; one that takes one size only does not obey. */
  readonly minPixels?: number | undefined
  /** Look at it with fewer pixels, then fewer frames, where it would not fit, instead of refusing it. Defaults to false. */
  readonly fit?: boolean | undefined
}

/** A piece of a message, in its place: words, or a video or picture. */
export type MessagePart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: ClipRequest }

export interface Message {
  /** A `system` message at the beginning takes the place of the template's default one. */
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: readonly MessagePart[]
}

/**
 * What to do next in a conversation (which begins with the first turn that names it).
 * - `ask`: a new turn after those that the conversation remembers; `clip` is looked at before the question.
 * - `chat`: the caller says everything that came before as well, and what the conversation remembers is replaced by it. The answer depends on
 *   these messages alone; what was computed for an equal beginning is used again.
 * - `regenerate`: the last answer once more, begun as it was.
 * - `edit`: another text for an earlier user's message (from 0); what came after it is dropped.
 * - `continue`: the last answer goes on where it ends. `done` carries all of it, the deltas only what is new; its tokens count against `maxTokens`.
 *
 * `begun` is text that the answer begins with and the model goes on from; the answer that is told does not repeat it.
 */
export type TurnRequest =
  | {
      readonly kind: 'ask'
      /** Defaults to the model's own request for a description of the clip. */
      readonly text?: string | undefined
      readonly clip?: ClipRequest | undefined
      readonly begun?: string | undefined
      readonly sampling: Sampling
    }
  | { readonly kind: 'chat'; readonly messages: readonly Message[]; readonly begun?: string | undefined; readonly sampling: Sampling }
  | { readonly kind: 'regenerate'; readonly sampling: Sampling }
  | { readonly kind: 'edit'; readonly turn: number; readonly text: string; readonly sampling: Sampling }
  | { readonly kind: 'continue'; readonly sampling: Sampling }

/** A message of a conversation that was under way. */
export interface PastMessage extends Message {
  /** What an answer of ours begins with because the caller said so. */
  readonly begun?: string
}

/** A user's message of text, after a clip where there is one. */
export function userMessage(text?: string, clip?: ClipRequest): Message {
  const shown = clip ? [{ kind: 'clip', clip } as const] : []
  return { role: 'user', content: text === undefined ? shown : [...shown, { kind: 'text', text }] }
}

/** A message of the model that holds the text alone, such as an earlier answer of the conversation. */
export function assistantMessage(text: string): Message {
  return { role: 'assistant', content: [{ kind: 'text', text }] }
}

export interface EstimateRequest {
  readonly clip: ClipRequest
  /** The question. Defaults to the model's own request for a description. */
  readonly text?: string | undefined
  /** Most tokens of the answer. */
  readonly maxTokens: number
  /** Where this model's speed on this device is not known yet: measure it by a short run, instead of leaving the seconds out. */
  readonly measure: boolean
}

/** A question that may be asked next, with all that would come before it. */
export interface NextQuestion {
  readonly conversation: string
  readonly messages: readonly Message[]
}

/** What a loaded model's run would start from. Plain data, which crosses processes. */
export interface RunStart {
  /** Tokens of the messages' text. */
  readonly text: number
  readonly memory: MemoryState
  /** Whether the conversation is in memory, with its clips. */
  readonly resident: boolean
  readonly device: string
}

export interface TraceRequest {
  readonly clip: ClipRequest
  /** Defaults to the model's own request for a description. */
  readonly prompt?: string | undefined
  readonly maxTokens: number
  /** Folder for `trace.json` and `tensors.safetensors`; made when missing. */
  readonly out: string
}

/** `trace.json`: every stage of one greedy answer. */
export interface Trace {
  readonly clip: string
  readonly model: string
  readonly indices: readonly number[]
  readonly times: readonly number[]
  /** Patches: frames, rows, columns. */
  readonly grid: readonly [t: number, h: number, w: number]
  readonly prompt: string
  /** Prompt tokens as evaluated; visual positions are -1. */
  readonly tokens: readonly number[]
  readonly generated: readonly number[]
  readonly text: string
  readonly device: DevicesUsed
}

/** The engine as its callers see it, in this process or in a child that may crash alone. */
export interface EngineClient extends AsyncDisposable {
  /** Loads the model (or gives the facts of the one that is loaded). */
  load(signal: AbortSignal): Promise<ModelFacts>
  /** Events of one turn; the last is `done`. Leaving the loop or aborting stops the work; what was said so far stays in the conversation. */
  answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncIterable<EngineEvent>
  /** What a first question about a clip will cost. Nothing is decoded. */
  estimate(request: EstimateRequest, signal: AbortSignal): Promise<Estimate>
  /** What a run would start from; null while no model is loaded. Loads nothing, and waits for no run. */
  runStart(question: NextQuestion): Promise<RunStart | null>
  /** Forgets a conversation and frees its memory. */
  close(conversation: string): Promise<void>
  trace(request: TraceRequest, signal: AbortSignal): Promise<Trace>
}
