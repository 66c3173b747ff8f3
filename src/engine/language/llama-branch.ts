import type { BatchMemory } from './batch-memory.ts'
import type { ContextCells } from './context-cells.ts'
import type { Batch } from './llama-header.ts'
import { logSoftmaxAt } from './logprobs.ts'
import type { Branch, Mark } from './types.ts'

/** Sequence of a branch; the session's own is 0. */
export const BRANCH_SEQUENCE = 1

/** Maximum number of tokens whose logits one batch gives: those of a vocabulary of 152,000 take 0.6 MB a token. */
export const MAX_OUTPUTS = 64

/** The session of a branch, as far as the branch needs it. */
export interface BranchSession {
  readonly batch: BatchMemory
  /** Evaluates a batch. Leaves the cells of the branch undefined if it fails. */
  decode(fill: (batch: BatchMemory) => Batch, signal: AbortSignal): Promise<void>
  /** Logits of one token of the last batch, by its place in the batch. Throws if they were not requested. */
  logitsAt(index: number): Float32Array
  /** Removes the branch's cells from a position on. */
  remove(first: number): void
  onClosed(): void
}

/** A second sequence of a llama.cpp context, which shares the cells before its start with the session; see {@link Branch}. */
export class LlamaBranch implements Branch {
  readonly #session: BranchSession
  readonly #cells: ContextCells
  #closed = false

  /** @param cells those before the start of the branch, with the capacity that is left for it */
  constructor(session: BranchSession, cells: ContextCells) {
    this.#session = session
    this.#cells = cells
  }

  get mark(): Mark {
    return this.#cells.mark
  }

  async evaluateTokens(tokens: readonly number[], signal: AbortSignal): Promise<void> {
    this.#open()
    this.#cells.reserve(tokens.length)
    const { batch } = this.#session
    await this.#whole(async () => {
      for (let at = 0; at < tokens.length; at += batch.size) {
        const some = Int32Array.from(tokens.slice(at, at + batch.size))
        const { position } = this.mark
        await this.#session.decode((memory) => memory.ofTokens(some, position, 0, BRANCH_SEQUENCE), signal)
        this.#cells.addTokens(some.length)
      }
    })
  }

  async evaluateRows(rows: Float32Array, planes: Int32Array, next: number, signal: AbortSignal): Promise<void> {
    this.#open()
    const ranges = this.#session.batch.rowRanges(rows, planes)
    const count = planes.length / 3
    this.#cells.reserve(count)
    const { position } = this.mark
    await this.#whole(async () => {
      for (const { from, to } of ranges) {
        await this.#session.decode((batch) => batch.ofRows(rows, planes, from, to, 0, BRANCH_SEQUENCE), signal)
        this.#cells.addRows(planes.subarray(from, to), to === count ? next : position)
      }
    })
  }

  /** Removes what `evaluate` has added if it fails. */
  async #whole(evaluate: () => Promise<void>): Promise<void> {
    const start = this.mark
    try {
      await evaluate()
    } catch (error) {
      if (!this.#closed) {
        this.#session.remove(this.#cells.rewindTarget(start))
        this.#cells.truncate(start)
      }
      throw error
    }
  }

  async score(lead: readonly number[], tokens: readonly number[], signal: AbortSignal): Promise<Float64Array> {
    this.#open()
    if (lead.length === 0) throw new RangeError('the first token of a text needs one before it')
    const scores = new Float64Array(tokens.length)
    if (tokens.length === 0) return scores
    // The last token only has to be predicted.
    const all = [...lead, ...tokens.slice(0, -1)]
    const firstOutput = lead.length - 1
    this.#cells.reserve(all.length)
    const start = this.mark
    const first = this.#cells.rewindTarget(start)
    try {
      for (let at = 0; at < all.length; ) {
        const to = Math.min(all.length, at + this.#session.batch.size, Math.max(at, firstOutput) + MAX_OUTPUTS)
        const outputs = Math.max(0, to - Math.max(at, firstOutput))
        const some = Int32Array.from(all.slice(at, to))
        const position = start.position + at
        await this.#session.decode((batch) => batch.ofTokens(some, position, outputs, BRANCH_SEQUENCE), signal)
        for (let index = some.length - outputs; index < some.length; index += 1) {
          const scored = at + index - firstOutput
          scores[scored] = logSoftmaxAt(this.#session.logitsAt(index), tokens[scored] ?? 0)
        }
        at = to
      }
    } finally {
      this.#session.remove(first)
    }
    return scores
  }

  rewind(to: Mark): void {
    this.#open()
    if (to.cells === this.mark.cells && to.position === this.mark.position) return
    this.#session.remove(this.#cells.rewind(to))
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#session.remove(0)
    this.#session.onClosed()
  }

  #open(): void {
    if (this.#closed) throw new Error('the branch is closed')
  }
}
