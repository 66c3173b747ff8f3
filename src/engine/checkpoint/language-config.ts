/** Configuration of a language model of any supported architecture, independent of the format of config.json. */
export interface LanguageConfig {
  readonly layers: number
  /** Width of the embeddings. */
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  readonly keyValueHeads: number
  /** Undefined unless config.json sets it; the size is then `width / heads`. */
  readonly headSize: number | undefined
  /** Context length in tokens for which it was trained. */
  readonly context: number
  /** Number of rows of the embedding table, which may exceed the number of tokens of the tokenizer. */
  readonly vocabulary: number
  readonly normEpsilon: number
  /** Whether the output layer is the embedding table; undefined unless config.json sets it. */
  readonly tied: boolean | undefined
  /** Ids of the special tokens in config.json, by kind (`bos`, `eos`, `pad`...). */
  readonly tokenIds: ReadonlyMap<string, number>
}
