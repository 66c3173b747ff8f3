import { type LlamaApi, type Pointer, TOKEN_ATTR_CONTROL, TOKEN_ATTR_UNKNOWN } from './llama-header.ts'

/** Names of byte tokens in SentencePiece vocabularies, for bytes without another token. */
const BYTE = /^<0x[0-9A-F]{2}>$/
const SPACE = 0x20
const LINE_END = 0x0a
/** Maximum length of metadata values that are read. */
const METADATA_BYTES = 256

/** A model's vocabulary: text to tokens and back. llama.cpp stores it; only decoded pieces are cached here. */
export class Tokenizer {
  readonly size: number
  /** Control tokens by text; if two have the same text, the first. */
  readonly controls: ReadonlyMap<string, number>
  /** Added before every prompt, unless the template wrote it; null if the model needs none. */
  readonly bos: number | null
  /** Added after every prompt, unless the template wrote the BOS token itself; null for nearly all models. */
  readonly eos: number | null
  /** Text of the end-of-sequence token, for templates that use it. */
  readonly eosText: string
  readonly bosText: string
  readonly #api: LlamaApi
  readonly #vocab: Pointer
  /** Qwen2's tokenizer normalizes text to NFC first; llama.cpp does not. */
  readonly #composes: boolean
  /** Words in SentencePiece start with a space, including the first word of a text. */
  readonly #spaced: boolean
  readonly #controlIds: ReadonlySet<number>
  readonly #encoder = new TextEncoder()
  readonly #pieces = new Map<number, Uint8Array>()
  #scratch = new Uint8Array(128)
  #letters: ReadonlyMap<string, number> | null = null

  constructor(api: LlamaApi, model: Pointer) {
    this.#api = api
    this.#vocab = api.modelGetVocab(model)
    this.size = api.vocabTokens(this.#vocab)
    this.#composes = readMetadata(api, model, 'tokenizer.ggml.pre') === 'qwen2'
    this.#spaced = readMetadata(api, model, 'tokenizer.ggml.model') === 'llama'
    const controls = new Map<string, number>()
    const controlIds = new Set<number>()
    for (let token = 0; token < this.size; token += 1) {
      if ((api.vocabAttributes(this.#vocab, token) & (TOKEN_ATTR_CONTROL | TOKEN_ATTR_UNKNOWN)) === 0) continue
      controlIds.add(token)
      const text = api.vocabText(this.#vocab, token)
      if (text !== '' && !controls.has(text)) controls.set(text, token)
    }
    this.controls = controls
    this.#controlIds = controlIds
    const bos = api.vocabBos(this.#vocab)
    this.bosText = this.#textOf(bos)
    const eos = api.vocabEos(this.#vocab)
    this.eosText = this.#textOf(eos)
    this.eos = eos >= 0 && api.vocabAddsEos(this.#vocab) ? eos : null
    this.bos = bos >= 0 && api.vocabAddsBos(this.#vocab) ? bos : null
  }

  /** Tokenizes text without parsing control tokens in it. */
  tokenize(text: string): number[] {
    if (text === '') return []
    const bytes = this.#encoder.encode(this.#composes ? text.normalize('NFC') : text)
    // A token has at least one byte, but a SentencePiece vocabulary may add a space at the start.
    const tokens = new Int32Array(bytes.length + 2)
    const count = this.#api.tokenize(this.#vocab, bytes, bytes.length, tokens, tokens.length, false, false)
    if (count < 0) throw new RangeError(`${bytes.length} bytes became ${-count} tokens`)
    const given = Array.from(tokens.subarray(0, count))
    return given.flatMap((token) => (this.#controlIds.has(token) ? this.#spell(token) : [token]))
  }

  /** Like {@link tokenize} for text that continues other text: without the space that SentencePiece adds before every text. */
  tokenizeFurther(text: string): number[] {
    // No piece of such a vocabulary contains a line break, so the text after one is tokenized as if it followed nothing.
    const tokens = this.tokenize(`\n${text}`)
    const end = tokens.findIndex((token) => this.#textOf(token) === byteText(LINE_END))
    return end === 0 || end === 1 ? tokens.slice(end + 1) : this.tokenize(text)
  }

  /**
   * Tokenizes the text of a control token character by character. SentencePiece merging in llama.cpp compares only texts, so that in a
   * vocabulary with the piece "<s", the text "<s>" would become the control token.
   */
  #spell(control: number): number[] {
    this.#letters ??= this.#findLetters()
    const letters = this.#letters
    return Array.from(this.#textOf(control)).flatMap((letter) => {
      const token = letters.get(letter)
      if (token !== undefined) return [token]
      return Array.from(this.#encoder.encode(letter), (byte) => letters.get(byteText(byte)) ?? invalid(control))
    })
  }

  /** Finds the tokens of single characters and of single bytes. */
  #findLetters(): Map<string, number> {
    const letters = new Map<string, number>()
    for (let token = 0; token < this.size; token += 1) {
      const text = this.#textOf(token)
      if (!this.#controlIds.has(token) && (Array.from(text).length === 1 || BYTE.test(text))) letters.set(text, token)
    }
    return letters
  }

  /** Text of tokens; control tokens are omitted unless `special`. */
  detokenize(tokens: readonly number[], special = false): string {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    let text = ''
    for (const token of tokens) text += decoder.decode(special ? this.#readPiece(token, true) : this.piece(token), { stream: true })
    return text + decoder.decode()
  }

  /** Bytes of a token for display; a control token has its own text. */
  spelling(token: number): Uint8Array {
    return this.#readPiece(token, true)
  }

  /** Creates llama.cpp's sampler for a grammar, which the caller must free; null if llama.cpp rejects the grammar. */
  grammarSampler(grammar: string): Pointer | null {
    return this.#api.samplerGrammar(this.#vocab, grammar, 'root')
  }

  /** Bytes of a token; empty for a control token. */
  piece(token: number): Uint8Array {
    const known = this.#pieces.get(token)
    if (known) return known
    const piece = this.#readPiece(token, false)
    this.#pieces.set(token, piece)
    return piece
  }

  /** Like {@link piece} for the first token of an answer: without a leading space. */
  firstPiece(token: number): Uint8Array {
    const piece = this.piece(token)
    return this.#spaced && piece[0] === SPACE ? piece.subarray(1) : piece
  }

  isEnd(token: number): boolean {
    return this.#api.vocabIsEnd(this.#vocab, token)
  }

  has(token: number): boolean {
    return Number.isInteger(token) && token >= 0 && token < this.size
  }

  #readPiece(token: number, special: boolean): Uint8Array {
    if (!this.has(token)) throw new RangeError(`token ${token} of ${this.size}`)
    let length = this.#api.tokenToPiece(this.#vocab, token, this.#scratch, this.#scratch.length, 0, special)
    if (length < 0) {
      this.#scratch = new Uint8Array(-length)
      length = this.#api.tokenToPiece(this.#vocab, token, this.#scratch, this.#scratch.length, 0, special)
    }
    return this.#scratch.slice(0, Math.max(0, length))
  }

  #textOf(token: number): string {
    return token < 0 ? '' : this.#api.vocabText(this.#vocab, token)
  }
}

function byteText(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
}

function invalid(control: number): never {
  throw new RangeError(`the text of the control token ${control} cannot be tokenized`)
}

function readMetadata(api: LlamaApi, model: Pointer, key: string): string | null {
  const buffer = new Uint8Array(METADATA_BYTES)
  const length = api.modelMetadata(model, key, buffer, buffer.length)
  if (length < 0) return null
  return new TextDecoder().decode(buffer.subarray(0, Math.min(length, METADATA_BYTES - 1)))
}
