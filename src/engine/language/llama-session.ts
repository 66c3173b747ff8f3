import { TarsierError } from '../../shared/errors.ts'
import type { Sampling } from '../../shared/sampling.ts'
import { type GuardedDevice, runGuarded } from '../devices/device-guard.ts'
import { AbortFlag } from './abort-flag.ts'
import { BatchDecoder, DECODED, NO_SLOT, OUT_OF_MEMORY } from './batch-decoder.ts'
import { BatchMemory } from './batch-memory.ts'
import { ContextCells } from './context-cells.ts'
import { BRANCH_SEQUENCE, LlamaBranch } from './llama-branch.ts'
import type { Batch, LlamaApi, Pointer } from './llama-header.ts'
import { LogprobQueue, tokenLogprob } from './logprobs.ts'
import { readFloats } from './native-memory.ts'
import { RepetitionDetector } from './repetition.ts'
import { Sampler } from './sampler.ts'
import { loadState, saveState } from './state-file.ts'
import { TextStream } from './text-stream.ts'
import type { ThreadControl } from './thread-control.ts'
import type { ThreadPool } from './thread-pool.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { Branch, Generated, Mark, Piece, Session } from './types.ts'

export interface SessionParts {
  readonly api: LlamaApi
  readonly context: Pointer
  readonly tokenizer: Tokenizer
  readonly width: number
  readonly mrope: boolean
  /** Maximum number of tokens or rows per batch. */
  readonly batch: number
  /** Address of `ggml_is_empty`, see `abort-flag.ts`. */
  readonly isEmpty: Pointer
  /** Decides the number of threads; null if it stays what the context was created with. */
  readonly threads: ThreadControl | null
  /** Thread pool for the context; freed after it. */
  readonly pool: ThreadPool | null
  /** Guard of the GPU in use; null for the CPU. */
  readonly gpu: GuardedDevice | null
  /** Distinguishes saved states by model and build, 32 bytes. */
  readonly fingerprint: Uint8Array
  onClosed(): void
}

/** A context of llama.cpp with one sequence; see {@link Session}. */
export class LlamaSession implements Session {
  readonly capacity: number
  readonly #parts: SessionParts
  readonly #memory: Pointer
  readonly #batch: BatchMemory
  readonly #abort: AbortFlag
  readonly #decoder: BatchDecoder
  readonly #cells: ContextCells
  /** Whether the logits of the last evaluated token are available. */
  #hasLogits = false
  /** Native call in progress; memory is freed only after it has finished. */
  #running: Promise<unknown> = Promise.resolve()
  #branched = false
  #closed = false

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.capacity = parts.api.contextSize(parts.context)
    this.#memory = parts.api.getMemory(parts.context)
    this.#batch = new BatchMemory(parts.batch, parts.width, parts.mrope)
    this.#abort = new AbortFlag(parts.api, parts.context, parts.isEmpty)
    this.#decoder = new BatchDecoder(parts, this.#abort)
    this.#cells = new ContextCells(this.capacity)
  }

  get mark(): Mark {
    return this.#cells.mark
  }

  async evaluateTokens(tokens: readonly number[], signal: AbortSignal): Promise<void> {
    for (const token of tokens) if (!this.#parts.tokenizer.has(token)) throw new RangeError(`there is no token ${token}`)
    this.#cells.reserve(tokens.length)
    for (let at = 0; at < tokens.length; at += this.#batch.size) {
      const some = Int32Array.from(tokens.slice(at, at + this.#batch.size))
      const { position } = this.mark
      await this.#decode(() => this.#batch.ofTokens(some, position, at + some.length === tokens.length ? 1 : 0), position, signal)
      this.#cells.addTokens(some.length)
    }
  }

  async evaluateRows(rows: Float32Array, planes: Int32Array, next: number, signal: AbortSignal): Promise<void> {
    const ranges = this.#batch.rowRanges(rows, planes)
    if (ranges.length === 0) return
    const count = planes.length / 3
    this.#cells.reserve(count)
    const start = this.mark
    const times = planes.subarray(0, count)
    try {
      for (const { from, to } of ranges) {
        await this.#decode(() => this.#batch.ofRows(rows, planes, from, to, to === count ? 1 : 0), times[from] ?? 0, signal)
        this.#cells.addRows(times.subarray(from, to), to === count ? next : start.position)
      }
    } catch (error) {
      // A partial frame cannot be continued: rewind to the start of this call.
      if (!this.#closed) this.#forgetFrom(times[0] ?? 0, start)
      throw error
    }
  }

  rewind(to: Mark): void {
    this.#open()
    if (to.cells === this.mark.cells && to.position === this.mark.position) return
    const first = this.#cells.rewind(to)
    this.#parts.api.memoryRemove(this.#memory, 0, first, -1)
    this.#hasLogits = false
  }

  branch(at: Mark): Branch {
    this.#open()
    if (this.#branched) throw new Error('a branch of this session is open already')
    const { api } = this.#parts
    const cells = this.#cells.upTo(at)
    api.memoryCopy(this.#memory, 0, BRANCH_SEQUENCE, 0, this.#cells.rewindTarget(at))
    this.#branched = true
    return new LlamaBranch(
      {
        batch: this.#batch,
        decode: (fill, signal) => this.#decode(() => fill(this.#batch), Number.POSITIVE_INFINITY, signal),
        logitsAt: (index) => this.#logitsAt(index),
        remove: (first) => {
          if (!this.#closed) api.memoryRemove(this.#memory, BRANCH_SEQUENCE, first, -1)
        },
        onClosed: () => {
          this.#branched = false
          this.#hasLogits = false
        },
      },
      cells,
    )
  }

  async logits(): Promise<Float32Array> {
    return await this.#answering(async () => this.#readLogits())
  }

  async *generate(
    sampling: Sampling,
    signal: AbortSignal,
    { continues = false, previousTokens = [] }: { continues?: boolean; previousTokens?: readonly number[] } = {},
  ): AsyncGenerator<Piece, Generated> {
    this.#open()
    if (!this.#hasLogits) throw new Error('something must be evaluated before the first token can be drawn')
    this.#cells.reserve(1)
    const { api, context, tokenizer } = this.#parts
    const most = Math.min(sampling.maxTokens, this.capacity - this.mark.cells)
    using sampler = new Sampler(api, tokenizer, sampling)
    sampler.accept(previousTokens)
    const stream = new TextStream(sampling.stop)
    // No repetition check with a grammar, because a truncated answer would not conform to it.
    const repetition = sampling.grammar === undefined ? new RepetitionDetector() : null
    for (const token of previousTokens) repetition?.add(token)
    const likely = new LogprobQueue()
    const tokens: number[] = []
    let text = ''
    let last = ''
    let finish: Generated['finish'] = 'length'
    let evaluating: Promise<void> = Promise.resolve()
    // Enter the guard once per answer: with the smallest models, messages before and after every token would take longer than the token.
    const leave = await this.#parts.gpu?.enter('answering')
    try {
      while (tokens.length < most) {
        signal.throwIfAborted()
        const logits = sampling.logprobs === undefined ? null : this.#readLogits()
        const token = sampler.next(context, () => logits ?? this.#readLogits())
        if (tokenizer.isEnd(token)) {
          finish = 'end'
          break
        }
        tokens.push(token)
        // Evaluate while the caller processes the piece.
        evaluating = this.#evaluateOne(token, signal)
        const bytes = tokens.length === 1 && !continues ? tokenizer.firstPiece(token) : tokenizer.piece(token)
        if (logits) likely.add(tokenLogprob(tokenizer, logits, token, sampling.logprobs ?? 0), bytes.length)
        const shown = stream.push(bytes)
        if (stream.stopped) last = shown
        else text += shown
        if (shown !== '' && !stream.stopped)
          yield { text: shown, tokens: tokens.length, ...(logits && { logprobs: likely.take(Buffer.byteLength(text)) }) }
        await evaluating
        if (stream.stopped) finish = 'stop'
        else if (repetition?.add(token)) finish = 'repetition'
        else continue
        break
      }
    } finally {
      await evaluating.catch(() => {}) // already thrown above, unless the caller stopped iterating
      leave?.()
    }
    last += stream.end()
    if (stream.stopped) finish = 'stop'
    text += last
    // Omit the tokens of a stop string.
    const logprobs = likely.take(stream.stopped ? Buffer.byteLength(text) : Number.POSITIVE_INFINITY)
    if (last !== '' || logprobs.length > 0)
      yield { text: last, tokens: tokens.length, ...(sampling.logprobs !== undefined && { logprobs }) }
    return { text, tokens, finish }
  }

  async save(path: string, { note = '', signal }: { note?: string; signal?: AbortSignal } = {}): Promise<void> {
    this.#open()
    await this.#track(saveState(this.#parts, path, { mark: this.mark, times: this.#cells.times, note }, signal))
  }

  async restore(path: string): Promise<{ readonly note: string } | null> {
    this.#open()
    const state = await this.#track(loadState(this.#parts, path, this.capacity))
    this.#hasLogits = false
    if (state === 'refused') return null
    if (state === 'failed') {
      this.#parts.api.memoryRemove(this.#memory, 0, -1, -1)
      this.#cells.set(new Int32Array(0), { cells: 0, position: 0 })
      return null
    }
    this.#cells.set(state.times, state.mark)
    return { note: state.note }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#abort.raise()
    await this.#running.catch(() => {}) // already reported to the caller of that operation
    await runGuarded(this.#parts.gpu, 'closing', async () => this.#parts.api.free(this.#parts.context))
    this.#parts.pool?.free()
    this.#abort.free()
    this.#batch.free()
    this.#parts.onClosed()
  }

  #logitsAt(index: number): Float32Array {
    const address = this.#parts.api.logitsAt(this.#parts.context, index)
    if (address === null) throw new Error('the logits of this token were not requested')
    return readFloats(address, this.#parts.tokenizer.size)
  }

  /** Like {@link evaluateTokens} for one token; its promise may be awaited later. */
  #evaluateOne(token: number, signal: AbortSignal): Promise<void> {
    const position = this.mark.position
    const one = Int32Array.of(token)
    const done = this.#decode(() => this.#batch.ofTokens(one, position, 1), position, signal).then(() => this.#cells.addTokens(1))
    done.catch(() => {}) // avoids an unhandled rejection, because the promise is awaited later
    return done
  }

  /** @param first first position in the batch; if the batch fails, all cells from this position on are removed */
  async #decode(fill: () => Batch, first: number, signal: AbortSignal): Promise<void> {
    this.#open()
    signal.throwIfAborted()
    const raise = () => this.#abort.raise()
    this.#abort.lower()
    this.#hasLogits = false
    signal.addEventListener('abort', raise, { once: true })
    let status: number
    try {
      const batch = fill()
      const canRepeat = Number.isFinite(first) && this.#cells.cellsBefore(first) === this.mark.cells
      const stopped = () => this.#closed || signal.aborted
      status = await this.#answering(() => this.#decoder.decode(batch, { canRepeat, stopped }))
    } finally {
      signal.removeEventListener('abort', raise)
    }
    if (status === DECODED) {
      this.#hasLogits = true
      return
    }
    this.#open()
    if (this.#cells.cellsBefore(first) < this.mark.cells) this.#forgetFrom(first)
    signal.throwIfAborted()
    if (status === NO_SLOT) this.#cells.reserve(this.capacity + 1)
    const { gpu } = this.#parts
    if (status === OUT_OF_MEMORY) {
      const error = new TarsierError(
        'out-of-memory',
        'There is not enough memory to evaluate the prompt. Use fewer frames or fewer pixels per frame, a smaller model, or choose the CPU as the device.',
      )
      throw gpu ? gpu.outOfMemory(error) : error
    }
    if (gpu && status < 0) throw gpu.failed(`llama.cpp could not evaluate a batch (status ${status})`)
    throw new TarsierError('internal', `llama.cpp could not evaluate a batch (status ${status}). Please report it.`, {
      details: { status },
    })
  }

  /**
   * Removes all cells at or after a position, as llama.cpp does when a batch fails.
   * @param mark mark after the removal, unless cells before it are removed too because they have the same position
   */
  #forgetFrom(first: number, mark: Mark = { cells: this.#cells.cellsBefore(first), position: first }): void {
    const cells = this.#cells.cellsBefore(first)
    if (cells < this.mark.cells) this.#parts.api.memoryRemove(this.#memory, 0, first, -1)
    this.#cells.truncate(cells === mark.cells ? mark : { cells, position: first })
    this.#hasLogits = false
  }

  /** The guard of the GPU must be entered, because llama.cpp may wait for the GPU here. */
  #readLogits(): Float32Array {
    this.#open()
    if (!this.#hasLogits) throw new Error('nothing was evaluated since the session was opened, rewound or restored')
    return this.#logitsAt(-1)
  }

  /** Runs native code that uses the GPU. */
  #answering<T>(compute: () => Promise<T>): Promise<T> {
    return this.#track(runGuarded(this.#parts.gpu, 'answering', compute))
  }

  /** Remembers work with native code; {@link Symbol.asyncDispose} waits for it. */
  #track<T>(running: Promise<T>): Promise<T> {
    this.#running = running
    return running
  }

  #open(): void {
    if (this.#closed) throw new Error('the session is closed')
  }
}
