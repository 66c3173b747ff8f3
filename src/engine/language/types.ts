import type { TokenLogprob } from '../../shared/engine-events.ts'
import type { FinishReason, Sampling } from '../../shared/sampling.ts'
import type { GgufFacts } from './gguf-check.ts'

/** One piece of generated text. Pieces never cut a UTF-8 character; several tokens may be held back for one piece. */
export interface Piece {
  readonly text: string
  /** Tokens sampled so far, end token not counted. */
  readonly tokens: number
  /** Only where they were asked for: of the tokens since the piece before. The text may lie in earlier pieces or in later ones. */
  readonly logprobs?: readonly TokenLogprob[]
}

/** How a generation ended, with all its tokens (the end token not among them). */
export interface Generated {
  readonly text: string
  readonly tokens: readonly number[]
  readonly finish: FinishReason
}

/** A place in the context to come back to: cells used and the next position (they differ under M-RoPE). */
export interface Mark {
  readonly cells: number
  readonly position: number
}

/**
 * One context: a KV cache with one sequence. Calls are made one after another.
 * An abort is obeyed within one batch or one token, throws `AbortError`, and leaves the session
 * at the last whole batch: rewind to a mark before using it again.
 */
export interface Session extends AsyncDisposable {
  /** Cells the context can hold. */
  readonly capacity: number
  /** Where the next token goes. */
  readonly mark: Mark
  evaluateTokens(tokens: readonly number[], signal: AbortSignal): Promise<void>
  /**
   * Evaluates `count` rows of the model's width at the given positions and moves on: `planes` holds t, h, w of
   * each row, plane after plane ([3, count]); `next` is the position of whatever follows the rows.
   * For models without M-RoPE the t plane alone is used.
   */
  evaluateRows(rows: Float32Array, planes: Int32Array, next: number, signal: AbortSignal): Promise<void>
  /** Forgets everything from the mark on. Only back, never forward. */
  rewind(to: Mark): void
  /** Logits after the last evaluated token, a copy, [vocabulary]. */
  logits(): Float32Array
  /**
   * Draws tokens until an end; evaluates each so that the answer stays in the context (the last one included). The returned value is given once the iterator is done.
   * `continues`: the answer is begun already, so that a space before its first word is part of it. Defaults to false.
   * `said`: tokens of the answer that were drawn already, which the repeat penalty and a grammar take into account. Defaults to none.
   */
  generate(
    sampling: Sampling,
    signal: AbortSignal,
    options?: { continues?: boolean; said?: readonly number[] },
  ): AsyncGenerator<Piece, Generated>
  /**
   * Writes KV, mark and a note of the caller's to a file, which is there whole or not at all. The note defaults to an empty one.
   * Throws `out-of-memory` where there is none for a copy of the KV, `write-failed`, `disk-full`; an abort leaves the session as it was.
   */
  save(path: string, options?: { readonly note?: string; readonly signal?: AbortSignal }): Promise<void>
  /** Reads what {@link save} wrote and gives its note; null when the file is not of this model, context or build. */
  restore(path: string): Promise<{ readonly note: string } | null>
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: readonly ChatPart[]
}
export type ChatPart = { readonly type: 'text'; readonly text: string } | { readonly type: 'video' }

/**
 * A piece of a rendered prompt: tokens, or the place of a clip. Each piece is evaluated as one batch (a clip frame by frame), and where a piece ends
 * depends only on the tokens up to there: so the KV of an equal beginning is equal to the last bit, whether it was computed now or earlier.
 */
export type PromptSegment = { readonly kind: 'tokens'; readonly tokens: readonly number[] } | { readonly kind: 'clip' }

export interface PromptOptions {
  /** Opens the model's own turn at the end. */
  readonly addGenerationPrompt: boolean
  /** Text that stands in that turn already. Defaults to none. */
  readonly begun?: string | undefined
}

/** Whether a picture's rows have positions by time, row and column (M-RoPE), or one after the other like words. */
export type PositionKind = 'grid' | 'line'

/** A GGUF model in memory. Disposing it disposes its sessions. */
export interface Language extends AsyncDisposable {
  /** What its file's head said. */
  readonly facts: GgufFacts
  readonly width: number
  readonly vocabulary: number
  readonly positions: PositionKind
  /** e.g. `cpu`, `cuda (NVIDIA H200)`, `metal`. */
  readonly device: string
  /** What its results depend on beside model and prompt: `cpu`, or a GPU with its driver, runtime and number of layers. */
  readonly resultsKey: string
  readonly fallbacks: readonly string[]
  /** Layers of it on a GPU, and all it has; its output counts as one. */
  readonly gpuLayers: number
  readonly layers: number
  /** Bytes free on the GPUs at this moment; null without one. */
  freeGpuMemory(): Promise<number | null>
  /** User text: what looks like a control token stays text. */
  tokenize(text: string): number[]
  /** The same for text that goes on from other text. */
  tokenizeFurther(text: string): number[]
  /** Tokens' text; control tokens come out as nothing unless `special`. */
  detokenize(tokens: readonly number[], options?: { special?: boolean }): string
  /** The checkpoint's chat template over the turns; content typed by users never becomes control tokens. Throws `model-damaged` for a template that goes beyond its limits, or fails. */
  prompt(messages: readonly ChatMessage[], options: PromptOptions): Promise<PromptSegment[]>
  /** Throws `usage` for a grammar that llama.cpp does not take, or that asks too much. */
  checkGrammar(grammar: string): void
  /** A context with room for at least `cells`. */
  open(options: { cells: number }): Promise<Session>
}
