import koffi from 'koffi'
import { expectBounded, refused } from './grammar/grammar-bounds.ts'
import type { LlamaApi, Pointer } from './llama-header.ts'
import { NativeArray } from './native-memory.ts'
import type { Tokenizer } from './tokenizer.ts'

/** 32-bit words of a `llama_token_data`: token, logit, probability. */
const ENTRY_WORDS = 3
/** 64-bit words of a `llama_token_data_array`: address, size, selected, sorted. */
const ARRAY_WORDS = 4
/** One token's worth of a grammar takes milliseconds; one that can be read in very many ways takes ever longer, in the end for ever. */
const MAX_STEP_MS = 10_000

/** A sampler for a grammar, to be freed. Throws `usage` for one that llama.cpp refuses, or that asks too much. */
export function openGrammar(tokenizer: Tokenizer, grammar: string): Pointer {
  expectBounded(grammar)
  const opened = tokenizer.grammarSampler(grammar)
  if (opened === null)
    throw refused(
      'llama.cpp does not understand it. It must be GBNF with a rule "root", whose rules are all there and none of which begins with itself',
    )
  return opened
}

/**
 * Draws tokens that a grammar allows. As llama.cpp's own `common_sampler_sample` does it: a token is drawn as without a grammar, and only where the
 * grammar refuses that one is it asked about all of them, which costs much with a large vocabulary. An end token is refused as long as the sentence
 * is not whole.
 */
export class GrammarSampler implements Disposable {
  readonly #api: LlamaApi
  readonly #grammar: Pointer
  readonly #entries: NativeArray
  readonly #array: NativeArray
  /** The entries as they are written and read, as numbers of 32 bits of either kind. */
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

  /** @param chain the other samplers, which take note of the token as well */
  next(chain: Pointer, logits: Float32Array): number {
    const started = performance.now()
    this.#fill(logits)
    this.#api.samplerApply(chain, this.#array.address)
    let token = this.#selected()
    if (!this.#allows(token)) {
      this.#fill(logits)
      this.#api.samplerApply(this.#grammar, this.#array.address)
      // Whether any is left is seen here: samplers do not expect that there is none.
      if (!this.#anyLeft(logits.length)) throw refused('this model has no token that could come next')
      this.#api.samplerApply(chain, this.#array.address)
      token = this.#selected()
    }
    this.#api.samplerAccept(this.#grammar, token)
    this.#api.samplerAccept(chain, token)
    if (performance.now() - started > MAX_STEP_MS)
      throw refused('it can be read in too many ways, so that a single token takes more than 10 s')
    return token
  }

  /** Takes note of a token that was drawn earlier. llama.cpp would end the process over one that is not allowed. */
  accept(token: number): void {
    if (!this.#allows(token)) throw refused('what the answer says already does not follow it')
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
    const words: Int32Array = koffi.decode(this.#entries.address, koffi.array('int32_t', count * ENTRY_WORDS, 'Typed'))
    const floats = new Float32Array(words.buffer, words.byteOffset, words.length)
    for (let entry = 0; entry < count; entry += 1) if (floats[entry * ENTRY_WORDS + 1] !== Number.NEGATIVE_INFINITY) return true
    return false
  }

  /** The token that the samplers chose. They may have put the entries in another order, and elsewhere. */
  #selected(): number {
    const [address, , selected] = koffi.decode(this.#array.address, koffi.array('int64_t', ARRAY_WORDS, 'Typed')) as BigInt64Array
    const entry = (address ?? 0n) + (selected ?? 0n) * BigInt(ENTRY_WORDS * 4)
    return koffi.decode(entry, 'int32_t') as number
  }
}
