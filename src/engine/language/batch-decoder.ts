import type { GuardedDevice } from '../devices/device-guard.ts'
import type { AbortFlag } from './abort-flag.ts'
import { type Batch, callAsync, type LlamaApi, type Pointer } from './llama-header.ts'
import type { ThreadControl } from './thread-control.ts'
import type { ThreadPool } from './thread-pool.ts'

/** Return codes of `llama_decode`. */
export const DECODED = 0
export const NO_SLOT = 1
export const OUT_OF_MEMORY = -2
const ABORTED = 2

export interface DecoderParts {
  readonly api: LlamaApi
  readonly context: Pointer
  readonly threads: ThreadControl | null
  readonly pool: ThreadPool | null
  readonly gpu: GuardedDevice | null
}

export interface DecodeOptions {
  /** Whether the batch may be given up and evaluated anew: llama.cpp then removes all cells from the batch's first position on. */
  readonly canRepeat: boolean
  /** Whether the caller has stopped the evaluation with the abort flag. */
  stopped(): boolean
}

/** Evaluates batches with the number of threads that is fastest at the moment. */
export class BatchDecoder {
  readonly #parts: DecoderParts
  readonly #abort: AbortFlag
  #attached = false

  constructor(parts: DecoderParts, abort: AbortFlag) {
    this.#parts = parts
    this.#abort = abort
    if (parts.threads === null) this.#attach(true)
  }

  /** @returns the return code of `llama_decode` */
  async decode(batch: Batch, { canRepeat, stopped }: DecodeOptions): Promise<number> {
    const { api, context, threads: control } = this.#parts
    if (control === null) return await this.#compute(batch)
    for (;;) {
      const { threads, limit } = control.next(batch.n_tokens)
      this.#attach(threads > 1)
      api.setThreads(context, threads, threads)
      const [began, before] = [performance.now(), process.cpuUsage()]
      const status = await this.#computeWithin(batch, canRepeat ? limit : Number.POSITIVE_INFINITY)
      const finished = status === DECODED
      if (!finished && (status !== ABORTED || stopped())) return status
      const elapsed = performance.now() - began
      const { user, system } = process.cpuUsage(before)
      control.add({ rows: batch.n_tokens, threads, elapsed, cpu: (user + system) / 1000, finished })
      if (finished) return status
      this.#abort.lower()
    }
  }

  /** Gives the batch up after `limit` milliseconds; it then returns {@link ABORTED}. */
  async #computeWithin(batch: Batch, limit: number): Promise<number> {
    if (!Number.isFinite(limit)) return await this.#compute(batch)
    const timer = setTimeout(() => this.#abort.raise(), limit)
    try {
      return await this.#compute(batch)
    } finally {
      clearTimeout(timer)
    }
  }

  /** A single thread does not need the pool, whose other threads would be woken for every batch. */
  #attach(wanted: boolean): void {
    const { api, context, pool } = this.#parts
    if (pool === null || wanted === this.#attached) return
    api.attachThreadPool(context, wanted ? pool.address : null, wanted ? pool.address : null)
    this.#attached = wanted
  }

  /**
   * Waits for a GPU off the main thread. Reading the logits would also wait for it, but would block the main thread. The CPU has finished when `decode`
   * returns, and a second call on another thread would only take time.
   */
  async #compute(batch: Batch): Promise<number> {
    const { api, context, gpu } = this.#parts
    const status = await callAsync(api.decode, context, batch)
    if (gpu && status === DECODED) await callAsync(api.synchronize, context)
    return status
  }
}
