import { randomInt } from 'node:crypto'
import type { Sampling } from '../../shared/sampling.ts'
import { GrammarSampler } from './grammar-sampler.ts'
import type { LlamaApi, Pointer } from './llama-header.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Number of last tokens of the answer to which the repeat penalty applies. */
const PENALTY_WINDOW = 64
const LARGEST_SEED = 0xfffffffe

/**
 * llama.cpp's samplers in Hugging Face's order: repeat penalty, temperature, top-k, top-p, draw. The penalty applies to generated tokens
 * only, so that an answer can use words of the question. Greedy sampling selects the greatest logit.
 */
export class Sampler implements Disposable {
  readonly #api: LlamaApi
  readonly #chain: Pointer
  readonly #grammar: GrammarSampler | null

  constructor(api: LlamaApi, tokenizer: Tokenizer, sampling: Sampling) {
    this.#api = api
    this.#grammar = sampling.grammar === undefined ? null : new GrammarSampler(api, tokenizer, sampling.grammar)
    this.#chain = api.samplerChain({ no_perf: true })
    const add = (part: Pointer) => api.samplerAdd(this.#chain, part)
    if (sampling.repeatPenalty !== 1) add(api.samplerPenalties(tokenizer.size, PENALTY_WINDOW, sampling.repeatPenalty, 0, 0))
    if (sampling.temperature === 0) {
      add(api.samplerGreedy())
      return
    }
    add(api.samplerTemperature(sampling.temperature))
    if (sampling.topK > 0) add(api.samplerTopK(sampling.topK))
    if (sampling.topP < 1) add(api.samplerTopP(sampling.topP, 1))
    add(api.samplerDraw(sampling.seed ?? randomInt(LARGEST_SEED + 1)))
  }

  /** Samples from the logits of the last evaluated token, and accepts the sampled token. */
  next(context: Pointer, logits: () => Float32Array): number {
    return this.#grammar ? this.#grammar.next(this.#chain, logits()) : this.#api.samplerSample(this.#chain, context, -1)
  }

  /** Accepts tokens that were sampled earlier. Throws `usage` if the grammar does not allow them. */
  accept(tokens: readonly number[]): void {
    for (const token of tokens) {
      this.#grammar?.accept(token)
      this.#api.samplerAccept(this.#chain, token)
    }
  }

  [Symbol.dispose](): void {
    this.#api.samplerFree(this.#chain)
    this.#grammar?.[Symbol.dispose]()
  }
}
