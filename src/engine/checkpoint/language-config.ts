/** What makes a language model of any architecture we write, whichever form of config.json said it. */
export interface LanguageConfig {
  readonly layers: number
  /** Width of its embeddings. */
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  readonly keyValueHeads: number
  /** Told only where config.json tells it; `width / heads` otherwise. */
  readonly headSize: number | undefined
  /** Tokens it was trained to hold. */
  readonly context: number
  /** Rows of the embedding table, which may be more than the tokenizer has tokens. */
  readonly vocabulary: number
  readonly normEpsilon: number
  /** Whether the output layer is the embedding table; undefined where config.json says nothing. */
  readonly tied: boolean | undefined
  /** Ids of special tokens by their kind (`bos`, `eos`, `pad`...), where config.json tells them. */
  readonly tokenIds: ReadonlyMap<string, number>
}
