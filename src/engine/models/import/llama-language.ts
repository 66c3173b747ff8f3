/** What makes a language model of llama's kind (Vicuna, Yi), or one of Qwen2's with positions of one dimension. */
export interface LlamaLanguageConfig {
  /** llama.cpp's name of the architecture; `qwen2` has biases at its queries, keys and values, and does not permute their rows. */
  readonly architecture: 'llama' | 'qwen2'
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
  /** Undefined where config.json says nothing, which means 10000. */
  readonly ropeTheta: number | undefined
  /** How far linear scaling stretches positions; undefined for none. Other kinds of scaling are to be refused. */
  readonly ropeLinearFactor: number | undefined
  readonly normEpsilon: number
  /** Whether the output layer is the embedding table; undefined where config.json says nothing. */
  readonly tied: boolean | undefined
  /** Ids of special tokens by their kind (`bos`, `eos`, `pad`...), where config.json tells them. */
  readonly tokenIds: ReadonlyMap<string, number>
}
