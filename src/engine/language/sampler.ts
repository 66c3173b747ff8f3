import { randomInt } from 'node:crypto'
import type { Sampling } from '../../shared/sampling.ts'
import { GrammarSampler } from './grammar-sampler.ts'
import type { LlamaApi, Pointer } from './llama-header.ts'
import type { Tokenizer } from './tokenizer.ts'

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

  /** Draws from the logits of the last evaluated token, and takes note of what was drawn. */
  next(context: Pointer, logits: () => Float32Array): number {
    return this.#grammar ? this.#grammar.next(this.#chain, logits()) : this.#api.samplerSample(this.#chain, context, -1)
  }

  /** Takes note of tokens that were drawn earlier. Throws `usage` where the grammar does not allow them. */
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
