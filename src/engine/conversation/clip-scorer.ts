import type { FrameUsed } from '../../shared/engine-events.ts'
import type { ClipRequest } from '../engine-client.ts'
import { markAfterClip } from '../language/clip-positions.ts'
import type { Language, Mark, Session } from '../language/types.ts'
import type { AnswerTokens } from './answer-tokens.ts'
import { type ClipResources, PreparedClip } from './prepared-clip.ts'
import { evaluateSlice } from './slice-times.ts'
import { Stopwatch } from './stopwatch.ts'

/** A prompt with one clip, whose prefix up to the end of the clip a session contains. */
export interface ScorerPrompt {
  readonly session: Session
  readonly language: Language
  readonly clip: PreparedClip
  /** End of what stands before the clip. */
  readonly head: Mark
  /** Tokens between the clip and the answer. */
  readonly tail: readonly number[]
  /** The whole prompt without the clip. */
  readonly withoutClip: readonly number[]
  /** Maximum number of tokens in a conversation of the model. */
  readonly limit: number
}

/** A frame that was looked at in addition, with the log probabilities of a text after it. */
export interface CloserLook {
  readonly frame: FrameUsed
  readonly scores: Float64Array
}

/**
 * Scores texts as answers to a question about a clip, after each of its slices and without it. Attention is causal, so the KV of the first k
 * slices of a clip is that of a clip with k slices: only the text is evaluated. Every text is scored from its first token, with all that stands
 * before a token as its context.
 */
export class ClipScorer {
  readonly #prompt: ScorerPrompt
  readonly #resources: ClipResources

  constructor(prompt: ScorerPrompt, resources: ClipResources) {
    this.#prompt = prompt
    this.#resources = resources
  }

  /** The frames with which the model had received a slice, in order: all frames, unless the tower sees several together. */
  get frames(): readonly FrameUsed[] {
    return this.#prompt.clip.lastOfSlices
  }

  get clip(): PreparedClip {
    return this.#prompt.clip
  }

  /**
   * Log probabilities of the tokens after the first `frames` of {@link frames}.
   * @param frames from 1 to their number
   */
  async after(frames: number, { tokens }: AnswerTokens, signal: AbortSignal): Promise<Float64Array> {
    using branch = this.#prompt.session.branch(this.#markAfter(frames))
    return await branch.score(this.#prompt.tail, tokens, signal)
  }

  /** Number of further frames that {@link closer} can look at before a text. */
  fittingFrames({ tokens }: AnswerTokens): number {
    const { clip, language, limit, session, tail } = this.#prompt
    const text = tail.length + tokens.length
    const free = session.capacity - session.mark.cells - text
    // Where each row has a position of its own, positions end with the context that the model was trained for.
    const trained = language.positions === 'line' ? limit - session.mark.cells - text : Number.POSITIVE_INFINITY
    return Math.floor(Math.min(free, trained) / (clip.shape.rows + clip.mostLead))
  }

  /** Log probabilities of the tokens as an answer to the same question without the clip. */
  async withoutClip({ tokens }: AnswerTokens, signal: AbortSignal): Promise<Float64Array> {
    using branch = this.#prompt.session.branch({ cells: 0, position: 0 })
    return await branch.score(this.#prompt.withoutClip, tokens, signal)
  }

  /**
   * Looks at further frames of the clip after the first `frames` of {@link frames}, and scores a text after each of them. They are decoded and encoded,
   * or read from the cache. Each becomes a slice of its own, like a picture.
   * @param indices frames of the file, ascending
   */
  async *closer(
    frames: number,
    indices: readonly number[],
    { tokens }: AnswerTokens,
    signal: AbortSignal,
  ): AsyncGenerator<CloserLook, void> {
    const { clip, head, language, session, tail } = this.#prompt
    const { width, height, pace } = clip.shape
    const repeated = indices.flatMap((index) => Array<number>(clip.framesPerSlice).fill(index))
    // The size of the other frames, whatever the budget allows for so few.
    const request: ClipRequest = { ...clip.request, frames: { kind: 'indices', indices: repeated }, maxPixels: width * height }
    const further = await PreparedClip.open(request, this.#resources, signal)
    try {
      using branch = session.branch(this.#markAfter(frames))
      const [decode, encode] = [new Stopwatch(), new Stopwatch()]
      let done = frames
      // Positions continue at the pace of the clip's own slices.
      const shape = { ...further.shape, pace }
      for await (const slice of further.embed({ decode, encode, onCached() {}, onDecoded() {} }, signal)) {
        const placed = { rows: slice.rows, shape, start: head.position, slice: done, lead: further.leadOf(done, slice.frames) }
        done += 1
        await evaluateSlice(branch, language.positions, placed, signal)
        const { index = 0, time = 0 } = slice.frames.at(-1) ?? {}
        yield { frame: { index, time }, scores: await branch.score(tail, tokens, signal) }
      }
      await further.keep(signal)
    } finally {
      await further.close()
    }
  }

  #markAfter(frames: number): Mark {
    const { clip, head, language } = this.#prompt
    if (!Number.isInteger(frames) || frames < 1 || frames > clip.slices) throw new RangeError(`slice ${frames} of ${clip.slices}`)
    return markAfterClip(language.positions, head, frames, clip.shape, clip.leads)
  }
}
