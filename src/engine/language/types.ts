import type { TokenLogprob } from '../../shared/engine-events.ts'
import type { FinishReason, Sampling } from '../../shared/sampling.ts'
import type { GgufMetadata } from './gguf-check.ts'

/** A piece of generated text. Pieces never split a UTF-8 character; one piece may consist of several tokens. */
export interface Piece {
  readonly text: string
  /** Tokens sampled so far, without the end token. */
  readonly tokens: number
  /** Log probabilities of the tokens since the previous piece, if requested. Their text may be in earlier or later pieces. */
  readonly logprobs?: readonly TokenLogprob[]
}

/** Result of a generation, with all tokens except the end token. */
export interface Generated {
  readonly text: string
  readonly tokens: readonly number[]
  readonly finish: FinishReason
}

/** A point in the context to rewind to: used cells and the next position (these differ with M-RoPE). */
export interface Mark {
  readonly cells: number
  readonly position: number
}

/** A continuation of a context from an earlier point, for questions of the form "what if"; see {@link Session.branch}. */
export interface Branch extends Disposable {
  /** Where the next row is added. */
  readonly mark: Mark
  /** See {@link Session.evaluateTokens}. */
  evaluateTokens(tokens: readonly number[], signal: AbortSignal): Promise<void>
  /** See {@link Session.evaluateRows}. */
  evaluateRows(rows: Float32Array, planes: Int32Array, next: number, signal: AbortSignal): Promise<void>
  /**
   * Natural logarithms of the probabilities of `tokens`, one after another, if they follow this branch and `lead`. All are evaluated in as few
   * batches as possible and then removed, so that the branch does not change. Throws `context-full` if they do not fit.
   * @param lead tokens between the branch and the text; at least one
   * @returns one value per token, from the model's logits before temperature and penalties
   */
  score(lead: readonly number[], tokens: readonly number[], signal: AbortSignal): Promise<Float64Array>
  /** Removes everything after a mark that this branch has reached. */
  rewind(to: Mark): void
}

/**
 * A context: a KV cache with one sequence. Calls must not overlap.
 * An abort throws `AbortError` within one batch or token, and leaves the session
 * at the last complete batch: rewind to a mark before using it again.
 */
export interface Session extends AsyncDisposable {
  /** Number of cells. */
  readonly capacity: number
  /** Where the next token is added. */
  readonly mark: Mark
  evaluateTokens(tokens: readonly number[], signal: AbortSignal): Promise<void>
  /**
   * Evaluates `count` rows of the model's input width at the given positions. `planes` contains t, h, w of
   * each row, plane after plane ([3, count]); `next` is the position after the rows.
   * Models without M-RoPE use only the t plane.
   */
  evaluateRows(rows: Float32Array, planes: Int32Array, next: number, signal: AbortSignal): Promise<void>
  /** Removes everything after the mark. Never moves forward. */
  rewind(to: Mark): void
  /**
   * Opens a branch that continues from an earlier point, while the context stays as it is: the cells before that point are shared. Only one branch
   * can be open, and the session must not evaluate or generate until it is disposed.
   */
  branch(at: Mark): Branch
  /** Copy of the logits after the last evaluated token, [vocabulary]. */
  logits(): Promise<Float32Array>
  /**
   * Samples tokens until an end, and evaluates each of them including the last, so that the answer stays in the context.
   * Returns the result at the end.
   * `continues`: the answer has a prefix, so a space before its first word belongs to it. Defaults to false.
   * `previousTokens`: tokens of the answer that exist already, for the repeat penalty and the grammar. Defaults to none.
   */
  generate(
    sampling: Sampling,
    signal: AbortSignal,
    options?: { continues?: boolean; previousTokens?: readonly number[] },
  ): AsyncGenerator<Piece, Generated>
  /**
   * Writes KV, mark and a note of the caller to a file, completely or not at all. The note defaults to an empty one.
   * Throws `out-of-memory` if the KV cannot be copied, `write-failed`, `disk-full`. An abort does not change the session.
   */
  save(path: string, options?: { readonly note?: string; readonly signal?: AbortSignal }): Promise<void>
  /** Restores a file of {@link save} and returns its note; null if the file is from another model, context or build. */
  restore(path: string): Promise<{ readonly note: string } | null>
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: readonly ChatPart[]
}
/** `lead` is text that belongs directly before the clip and its opening token. Defaults to none. */
export type ChatPart = { readonly type: 'text'; readonly text: string } | { readonly type: 'video'; readonly lead?: string }

/**
 * A piece of a rendered prompt: tokens, or the place of a clip. Each piece is evaluated as one batch (a clip frame by frame). The end of a piece
 * depends only on the tokens up to it, so that the KV of an equal prefix is bit-identical, whether it was computed now or earlier.
 */
export type PromptSegment = { readonly kind: 'tokens'; readonly tokens: readonly number[] } | { readonly kind: 'clip' }

export interface PromptOptions {
  /** Adds the start of the model's turn. */
  readonly addGenerationPrompt: boolean
  /** Text at the start of that turn. Defaults to none. */
  readonly answerPrefix?: string | undefined
}

/** Whether the rows of a frame have positions by time, row and column (M-RoPE), or consecutive positions like text. */
export type PositionKind = 'grid' | 'line'

/** A GGUF model in memory. Disposing it also disposes its sessions. */
export interface Language extends AsyncDisposable {
  /** Contents of the file's header. */
  readonly metadata: GgufMetadata
  readonly width: number
  readonly vocabulary: number
  /** Control tokens by text. */
  readonly controls: ReadonlyMap<string, number>
  readonly positions: PositionKind
  /** Whether the chat template has a place for a system message. */
  readonly takesSystem: boolean
  /** e.g. `cpu`, `cuda (NVIDIA H200)`, `metal`. */
  readonly device: string
  /** Key of what its results depend on besides model and prompt: `cpu`, or a GPU with its driver, runtime and number of layers. */
  readonly resultsKey: string
  readonly fallbacks: readonly string[]
  /** Layers on a GPU, and all layers; the output counts as one. */
  readonly gpuLayers: number
  readonly layers: number
  /** Free bytes on the GPUs now; null without one. */
  freeGpuMemory(): Promise<number | null>
  /** Free bytes now on the GPU with the most of all that llama.cpp lists, also those without layers; null if no layer is on a GPU. */
  mostFreeGpuMemory(): Promise<number | null>
  /** Tokenizes user text: control tokens in it stay text. */
  tokenize(text: string): number[]
  /** Tokenizes text that continues other text. */
  tokenizeFurther(text: string): number[]
  /** Bytes of a token as it appears in text. */
  spelling(token: number): Uint8Array
  /** Text of tokens; control tokens are omitted unless `special`. */
  detokenize(tokens: readonly number[], options?: { special?: boolean }): string
  /**
   * Renders messages with the checkpoint's chat template; user content never becomes control tokens.
   * Throws `model-damaged` if the template fails or exceeds its limits.
   */
  prompt(messages: readonly ChatMessage[], options: PromptOptions): Promise<PromptSegment[]>
  /** Throws `usage` for a grammar that llama.cpp rejects or that is too complex. */
  checkGrammar(grammar: string): void
  /** Opens a context with at least `cells` cells. */
  open(options: { cells: number }): Promise<Session>
}
