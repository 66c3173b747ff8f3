import type { DeviceChoice } from '../shared/devices.ts'
import type { DevicesUsed, EngineEvent } from '../shared/engine-events.ts'
import type { Estimate } from '../shared/estimate.ts'
import type { FrameRequest } from '../shared/frame-request.ts'
import type { Sampling } from '../shared/sampling.ts'
import type { TimedText } from '../shared/timed-text.ts'
import type { MemoryState, RequestedLimits } from './estimate/memory-state.ts'

export interface EngineOptions {
  /** Name of a model, or path of a model folder. */
  readonly model: string
  /** See `partDevices`. */
  readonly device: DeviceChoice
  /** Data folder with models and caches. */
  readonly home: string
  /** Use devices without a self-test. Defaults to false. */
  readonly untested?: boolean
  /** Limits below those of the model and the machine. Memory does not include what is already resident. */
  readonly limits?: RequestedLimits | undefined
  /** Cache embeddings and KV state on disk, so that a clip that is opened again is neither decoded nor encoded. Defaults to true. */
  readonly cache?: boolean
}

/** Clips that are asked about next, for {@link EngineClient.load}. */
export type UpcomingClips = readonly string[] | 'any'

/** Public metadata of a loaded model. */
export interface ModelInfo {
  readonly name: string
  /** Identifies the model's files; see `weightsOf`. */
  readonly weights: string
  readonly summary: string
  readonly languageDevice: string
  /** Maximum number of tokens in a conversation. */
  readonly context: number
  /** Whether the model works on texts without a clip, such as summarizing them. */
  readonly textTasks: boolean
  /** The model's defaults for frames and generation. */
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
  /** Smaller frames are enlarged to this many pixels, within the model's maximum. Defaults to the model's minimum. Ignored by models with a fixed frame size. */
  readonly minPixels?: number | undefined
  /** If the clip does not fit, reduce pixels and then frames instead of rejecting it. Defaults to false. */
  readonly fit?: boolean | undefined
}

/** Part of a message, in order: text, or a video or image. */
export type MessagePart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: ClipRequest }

export interface Message {
  /** A `system` message at the start replaces the template's default one. */
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: readonly MessagePart[]
}

/**
 * The next turn of a conversation. The first turn with a new name creates the conversation.
 * - `ask`: adds a question to the turns so far, with `clip` before it.
 * - `chat`: replaces the whole conversation by the given messages. The answer depends on these messages alone; computations for an equal start of
 *   the conversation are reused.
 * - `regenerate`: generates the last answer again, with the same prefix.
 * - `edit`: replaces the text of an earlier user message (from 0) and removes later messages.
 * - `continue`: continues the last answer. `done` contains the whole answer, the deltas only the new part; all its tokens count against `maxTokens`.
 *
 * `answerPrefix`: text that the answer starts with and the model continues. Events do not repeat it.
 *
 * `system`: replaces the template's default system prompt, unless it is empty; for `ask`, only with the first question. Unlike a system message among
 * the messages, it is rejected if the chat template has no place for one.
 */
export type TurnRequest =
  | {
      readonly kind: 'ask'
      /** Defaults to the model's prompt for a description of the clip. */
      readonly text?: string | undefined
      readonly clip?: ClipRequest | undefined
      readonly system?: string | undefined
      readonly answerPrefix?: string | undefined
      readonly sampling: Sampling
    }
  | {
      readonly kind: 'chat'
      readonly messages: readonly Message[]
      readonly system?: string | undefined
      readonly answerPrefix?: string | undefined
      readonly sampling: Sampling
    }
  | { readonly kind: 'regenerate'; readonly sampling: Sampling }
  | { readonly kind: 'edit'; readonly turn: number; readonly text: string; readonly sampling: Sampling }
  | { readonly kind: 'continue'; readonly sampling: Sampling }

/** Messages of a turn, without how its answer is sampled. */
export type TurnMessages = TurnRequest extends infer Turn ? (Turn extends TurnRequest ? Omit<Turn, 'sampling'> : never) : never

/** A text that is scored in place of an answer. */
export interface TimeRequest {
  /**
   * `ask`: the text is scored as an answer to this question, in a new conversation. `regenerate`: in place of the conversation's last answer, whose
   * evaluated clip is used again. `chat`: as an answer to these messages; the conversation does not change, and its evaluated clip is used again if
   * the messages have the same one.
   */
  readonly turn: Extract<TurnMessages, { kind: 'ask' | 'chat' | 'regenerate' }>
  /** Defaults to the last answer, which only `regenerate` has. */
  readonly text?: string | undefined
  /** Looks at further frames until times are known to this many seconds. Defaults to null: times between the model's frames. */
  readonly precision?: number | null | undefined
  /** Scores the words with the whole clip only, which takes a fraction of the time: nothing gets a time. Defaults to false. */
  readonly supportOnly?: boolean | undefined
}

/** Events until a prompt is evaluated. */
export type PromptEvent = Exclude<EngineEvent, { kind: 'delta' | 'done' }>

/** Events of scoring: those of an evaluated prompt, then `scored` after each prefix of the clip, and at the end `timed`. */
export type TimeEvent =
  | PromptEvent
  | { readonly kind: 'scored'; readonly done: number; readonly of: number }
  | { readonly kind: 'timed'; readonly timed: TimedText }

/** A message of a conversation that another process had started. */
export interface PastMessage extends Message {
  /** Answer prefix that the caller had given. */
  readonly answerPrefix?: string
}

/** Makes a user message of an optional clip and an optional text. */
export function userMessage(text?: string, clip?: ClipRequest): Message {
  const shown = clip ? [{ kind: 'clip', clip } as const] : []
  return { role: 'user', content: text === undefined ? shown : [...shown, { kind: 'text', text }] }
}

/** Makes the system message of a system prompt; none of an empty one. */
export function systemMessages(system = ''): Message[] {
  return system === '' ? [] : [{ role: 'system', content: [{ kind: 'text', text: system }] }]
}

/** Makes a message of the model, such as an earlier answer. */
export function assistantMessage(text: string): Message {
  return { role: 'assistant', content: [{ kind: 'text', text }] }
}

export interface EstimateRequest {
  readonly clip: ClipRequest
  /** The question. Defaults to the model's prompt for a description. */
  readonly text?: string | undefined
  /** See {@link TurnRequest}. */
  readonly system?: string | undefined
  /** Maximum number of tokens of the answer. */
  readonly maxTokens: number
  /** If the speed of this model on this device is unknown, measure it with a short run instead of leaving out the seconds. */
  readonly measure: boolean
}

/** A possible next question, with the messages before it. */
export interface NextQuestion {
  readonly conversation: string
  readonly messages: readonly Message[]
}

/** State from which a run of a loaded model would start. Plain data, because it is sent between processes. */
export interface RunStart {
  /** Text tokens of the messages. */
  readonly text: number
  /** Those of the last message alone. */
  readonly question: number
  readonly memory: MemoryState
  /** Whether the conversation and its clips are in memory. */
  readonly resident: boolean
  readonly device: string
}

/** A text that a language model writes without a clip. */
export interface WriteRequest {
  readonly prompt: string
  /** GGUF file of a text model. Defaults to the loaded model. */
  readonly textModel?: string | undefined
  /** A grammar in GBNF that the text must follow. Defaults to none. */
  readonly grammar?: string | undefined
  readonly maxTokens: number
}

export interface WrittenText {
  readonly text: string
  /** Whether the model came to the end of its text. */
  readonly finished: boolean
  /** Name of the model, or of the file of the text model. */
  readonly model: string
}

export interface TraceRequest {
  readonly clip: ClipRequest
  /** Defaults to the model's own request for a description. */
  readonly prompt?: string | undefined
  readonly maxTokens: number
  /** Folder for `trace.json` and `tensors.safetensors`; created if missing. */
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
  /** Prompt tokens; visual tokens are -1. */
  readonly tokens: readonly number[]
  readonly generated: readonly number[]
  readonly text: string
  readonly device: DevicesUsed
}

/** Interface of the engine, in this process or in a child process. */
export interface EngineClient extends AsyncDisposable {
  /**
   * Loads the model, or returns the metadata of the loaded one.
   * @param upcoming paths of clips that are asked about next: the vision tower is loaded beside the language model unless the cache may have what it
   * would compute. `any`: it is loaded in any case, and waited for. Defaults to none
   */
  load(signal: AbortSignal, upcoming?: UpcomingClips): Promise<ModelInfo>
  /** Events of one turn; the last one is `done`. Leaving the loop or aborting stops the work; the partial answer stays in the conversation. */
  answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncIterable<EngineEvent>
  /** Finds out when a text's events happen in a clip, and how much the clip supports its words. The last event is `timed`. */
  timeText(conversation: string, request: TimeRequest, signal: AbortSignal): AsyncIterable<TimeEvent>
  /**
   * Writes a text without a clip, the same text each time. A text model stays in memory until another one is named. Throws `rewriter-missing` if the
   * loaded model only describes clips, and as loading a text model does.
   */
  write(request: WriteRequest, signal: AbortSignal): Promise<WrittenText>
  /** Estimates the first question about a clip. Decodes nothing. */
  estimate(request: EstimateRequest, signal: AbortSignal): Promise<Estimate>
  /** State from which a run would start; null while no model is loaded. Loads nothing and does not wait for other runs. */
  runStart(question: NextQuestion): Promise<RunStart | null>
  /** Removes a conversation and frees its memory. */
  close(conversation: string): Promise<void>
  trace(request: TraceRequest, signal: AbortSignal): Promise<Trace>
}
