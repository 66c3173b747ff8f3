import { randomInt } from 'node:crypto'
import type { Sampling } from '../../shared/sampling.ts'
import type { LlamaApi, Pointer } from './llama-header.ts'

/** Tokens of the answer that the repeat penalty looks back at. */
const PENALTY_WINDOW = 64
const LARGEST_SEED = 0xfffffffe

/**
 * llama.cpp's own samplers in Hugging Face's order: repeat penalty, temperature, top-k, top-p, draw. The penalty is for
 * what was generated, not for the prompt: an answer may use the question's words. Greedy is the greatest logit.
 */
export class Sampler implements Disposable {
  readonly #api: LlamaApi
  readonly #chain: Pointer

  constructor(api: LlamaApi, vocabulary: number, sampling: Sampling) {
    this.#api = api
    this.#chain = api.samplerChain({ no_perf: true })
    const add = (part: Pointer) => api.samplerAdd(this.#chain, part)
    if (sampling.repeatPenalty !== 1) add(api.samplerPenalties(vocabulary, PENALTY_WINDOW, sampling.repeatPenalty, 0, 0))
    if (sampling.temperature === 0) {
      add(api.samplerGreedy())
      return
    }
    add(api.samplerTemperature(sampling.temperature))
    if (sampling.topK > 0) add(api.samplerTopK(sampling.topK))
    if (sampling.topP < 1) add(api.samplerTopP(sampling.topP, 1))
    add(api.samplerDraw(sampling.seed ?? randomInt(LARGEST_SEED + 1)))
  }

  /** Draws from the logits of the last evaluated token, and takes note of what was drawn. */
  next(context: Pointer): number {
    return this.#api.samplerSample(this.#chain, context, -1)
  }

  [Symbol.dispose](): void {
    this.#api.samplerFree(this.#chain)
  }
}
