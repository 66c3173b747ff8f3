import type { TensorInfo, TensorSource } from './tensor-source.ts'

/** A tensor that is computed from others, in 32 bits. It must fit in memory. */
export interface ComputedTensor {
  readonly shape: readonly number[]
  floats(): Promise<Float32Array>
}

/** The tensors of a source, and computed ones beside them or in their place. Closing it closes the source. */
export class ComputedTensors implements TensorSource {
  readonly names: readonly string[]
  readonly #source: TensorSource
  readonly #computed: ReadonlyMap<string, ComputedTensor>

  constructor(source: TensorSource, computed: ReadonlyMap<string, ComputedTensor>) {
    this.#source = source
    this.#computed = computed
    this.names = [...new Set([...source.names, ...computed.keys()])]
  }

  isComputed(name: string): boolean {
    return this.#computed.has(name)
  }

  has(name: string): boolean {
    return this.isComputed(name) || this.#source.has(name)
  }

  info(name: string): TensorInfo {
    const computed = this.#computed.get(name)
    if (!computed) return this.#source.info(name)
    const { shape } = computed
    return { name, dtype: 'F32', shape, bytes: shape.reduce((product, size) => product * size, 4) }
  }

  async bytes(name: string): Promise<Uint8Array> {
    const computed = this.#computed.get(name)
    if (!computed) return await this.#source.bytes(name)
    const { buffer, byteOffset, byteLength } = await computed.floats()
    return new Uint8Array(buffer, byteOffset, byteLength)
  }

  async *stream(name: string, pieceBytes?: number): AsyncGenerator<Uint8Array> {
    if (this.isComputed(name)) yield await this.bytes(name)
    else yield* this.#source.stream(name, pieceBytes)
  }

  async floats(name: string): Promise<Float32Array> {
    return (await this.#computed.get(name)?.floats()) ?? (await this.#source.floats(name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }
}
