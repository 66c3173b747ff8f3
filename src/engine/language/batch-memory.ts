import type { Batch } from './llama-header.ts'
import { NativeArray } from './native-memory.ts'

/** Planes of an M-RoPE batch of rows: t, y, x, and a fourth that is always 0. */
const MROPE_PLANES = 4

/** Number of tokens or rows at the end of a batch whose logits are wanted. */
type Outputs = number

/** The native memory of a batch, allocated once and reused. Its address does not change until it is freed. */
export class BatchMemory {
  readonly size: number
  readonly #width: number
  readonly #planes: number
  readonly #tokens: NativeArray
  readonly #positions: NativeArray
  readonly #sequenceCounts: NativeArray
  readonly #sequence: NativeArray
  readonly #sequences: NativeArray
  readonly #outputs: NativeArray
  /** Allocated on first use, because rows need far more memory than tokens, and conversations without clips have none. */
  #rows: NativeArray | null = null

  /** @param size maximum number of tokens or rows in a batch */
  constructor(size: number, width: number, mrope: boolean) {
    this.size = size
    this.#width = width
    this.#planes = mrope ? MROPE_PLANES : 1
    this.#tokens = new NativeArray('int32', size)
    this.#positions = new NativeArray('int32', size * this.#planes)
    this.#sequenceCounts = new NativeArray('int32', size)
    this.#sequence = new NativeArray('int32', 1)
    this.#sequences = new NativeArray('pointer', size)
    this.#outputs = new NativeArray('int8', size)
    this.#sequenceCounts.write(new Int32Array(size).fill(1))
    this.#sequences.write(Array.from({ length: size }, () => this.#sequence.address))
  }

  /** Fills the batch with tokens. They have one position each, which llama.cpp copies to all planes. */
  ofTokens(tokens: Int32Array, position: number, outputs: Outputs, sequence = 0): Batch {
    this.#tokens.write(tokens)
    this.#positions.write(Int32Array.from(tokens, (_, i) => position + i))
    return this.#batch(tokens.length, outputs, true, sequence)
  }

  /**
   * Divides rows [count, width] with positions [3, count] into batches of equal size, because a last batch of a few rows would take nearly as long as a
   * full one. Throws `RangeError` if the numbers of rows and positions differ.
   */
  rowRanges(rows: Float32Array, planes: Int32Array): { readonly from: number; readonly to: number }[] {
    const count = planes.length / 3
    if (!Number.isInteger(count) || rows.length !== count * this.#width)
      throw new RangeError(`${rows.length} values and ${planes.length} positions do not make rows of ${this.#width}`)
    const batches = Math.ceil(count / this.size)
    const end = (i: number) => Math.round((i * count) / batches)
    return Array.from({ length: batches }, (_, i) => ({ from: end(i), to: end(i + 1) }))
  }

  /**
   * Fills the batch with the rows from `from` to `to` of `rows` [count, width].
   * @param planes t, h, w of all rows, [3, count]
   */
  ofRows(rows: Float32Array, planes: Int32Array, from: number, to: number, outputs: Outputs, sequence = 0): Batch {
    this.#rows ??= new NativeArray('float', this.size * this.#width)
    this.#rows.write(rows.subarray(from * this.#width, to * this.#width))
    const count = planes.length / 3
    const length = to - from
    for (let plane = 0; plane < this.#planes; plane += 1) {
      const values = plane < 3 ? planes.subarray(plane * count + from, plane * count + to) : new Int32Array(length)
      this.#positions.write(values, plane * length)
    }
    return this.#batch(length, outputs, false, sequence)
  }

  free(): void {
    for (const memory of [this.#tokens, this.#positions, this.#sequenceCounts, this.#sequence, this.#sequences, this.#outputs])
      memory.free()
    this.#rows?.free()
  }

  #batch(length: number, outputs: Outputs, tokens: boolean, sequence: number): Batch {
    const flags = new Int8Array(length)
    if (outputs > 0) flags.fill(1, length - outputs)
    this.#outputs.write(flags)
    this.#sequence.write(Int32Array.of(sequence))
    return {
      n_tokens: length,
      token: tokens ? this.#tokens.address : null,
      embd: tokens ? null : (this.#rows?.address ?? null),
      pos: this.#positions.address,
      n_seq_id: this.#sequenceCounts.address,
      seq_id: this.#sequences.address,
      logits: this.#outputs.address,
    }
  }
}
