import koffi from 'koffi'
import { expectBounded, refused } from './grammar/grammar-bounds.ts'
import type { LlamaApi, Pointer } from './llama-header.ts'
import { NativeArray, typedArrayOf } from './native-memory.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Number of 32-bit words in a `llama_token_data`: token, logit, probability. */
const ENTRY_WORDS = 3
/** Number of 64-bit words in a `llama_token_data_array`: address, size, selected, sorted. */
const ARRAY_WORDS = 4
/** Time limit per token: a grammar usually takes milliseconds, but a highly ambiguous one takes ever longer, without bound. */
const MAX_STEP_MS = 10_000

/** Creates a sampler for a grammar, which the caller must free. Throws `usage` if llama.cpp rejects the grammar or if it is too complex. */
export function openGrammar(tokenizer: Tokenizer, grammar: string): Pointer {
  expectBounded(grammar)
  const opened = tokenizer.grammarSampler(grammar)
  if (opened === null)
    throw refused('llama.cpp cannot parse it. It must be GBNF with a rule "root", without undefined rules and without left recursion')
  return opened
}

/**
 * Samples tokens that a grammar allows, like llama.cpp's `common_sampler_sample`: it samples a token without the grammar, and applies the
 * grammar to all tokens only if it rejects this one, because that is slow with a large vocabulary. End tokens are rejected until the text
 * is complete.
 */
export class GrammarSampler implements Disposable {
  readonly #api: LlamaApi
  readonly #grammar: Pointer
  readonly #entries: NativeArray
  readonly #array: NativeArray
  /** The entries as 32-bit integers; logits share the same memory. */
  readonly #words: Int32Array
  readonly #floats: Float32Array

  constructor(api: LlamaApi, tokenizer: Tokenizer, grammar: string) {
    this.#api = api
    this.#grammar = openGrammar(tokenizer, grammar)
    this.#words = new Int32Array(tokenizer.size * ENTRY_WORDS)
    this.#floats = new Float32Array(this.#words.buffer)
    this.#entries = new NativeArray('int32', this.#words.length)
    this.#array = new NativeArray('int32', ARRAY_WORDS * 2)
  }

  /** @param chain the other samplers, which accept the token as well */
  next(chain: Pointer, logits: Float32Array): number {
    const started = performance.now()
    this.#fill(logits)
    this.#api.samplerApply(chain, this.#array.address)
    let token = this.#selected()
    if (!this.#allows(token)) {
      this.#fill(logits)
      this.#api.samplerApply(this.#grammar, this.#array.address)
      // Check for remaining tokens here, because the samplers do not handle an empty list.
      if (!this.#anyLeft(logits.length)) throw refused('this model has no token that can come next')
      this.#api.samplerApply(chain, this.#array.address)
      token = this.#selected()
    }
    this.#api.samplerAccept(this.#grammar, token)
    this.#api.samplerAccept(chain, token)
    if (performance.now() - started > MAX_STEP_MS) throw refused('it is too ambiguous: a single token takes more than 10 s')
    return token
  }

  /** Accepts a token that was sampled earlier. Checks first that it is allowed, because llama.cpp would end the process otherwise. */
  accept(token: number): void {
    if (!this.#allows(token)) throw refused('the existing text of the answer does not match it')
    this.#api.samplerAccept(this.#grammar, token)
  }

  [Symbol.dispose](): void {
    this.#api.samplerFree(this.#grammar)
    this.#entries.free()
    this.#array.free()
  }

  #fill(logits: Float32Array): void {
    for (let token = 0; token < logits.length; token += 1) {
      this.#words[token * ENTRY_WORDS] = token
      this.#floats[token * ENTRY_WORDS + 1] = logits[token] ?? Number.NEGATIVE_INFINITY
      this.#floats[token * ENTRY_WORDS + 2] = 0
    }
    this.#write(logits.length)
  }

  #allows(token: number): boolean {
    this.#words[0] = token
    this.#floats[1] = 1
    this.#write(1)
    this.#api.samplerApply(this.#grammar, this.#array.address)
    return this.#anyLeft(1)
  }

  #write(count: number): void {
    this.#entries.write(this.#words.subarray(0, count * ENTRY_WORDS))
    this.#array.write(new Int32Array(BigInt64Array.of(this.#entries.address, BigInt(count), -1n, 0n).buffer))
  }

  #anyLeft(count: number): boolean {
    const words: Int32Array = koffi.decode(this.#entries.address, typedArrayOf('int32_t', count * ENTRY_WORDS))
    const floats = new Float32Array(words.buffer, words.byteOffset, words.length)
    for (let entry = 0; entry < count; entry += 1) if (floats[entry * ENTRY_WORDS + 1] !== Number.NEGATIVE_INFINITY) return true
    return false
  }

  /** Token selected by the samplers, which may have reordered or moved the entries. */
  #selected(): number {
    const [address, , selected] = koffi.decode(this.#array.address, typedArrayOf('int64_t', ARRAY_WORDS)) as BigInt64Array
    const entry = (address ?? 0n) + (selected ?? 0n) * BigInt(ENTRY_WORDS * 4)
    return koffi.decode(entry, 'int32_t') as number
  }
}
