import { aligned, GGUF_MAGIC, GGUF_VERSION, type TensorType, tensorBytes, tensorTypes } from './gguf-format.ts'
import { ggufValueTypes } from './gguf-types.ts'

/** A metadata value with its type in the file. */
export type GgufValue =
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'i32[]' | 'f32[]'; readonly value: readonly number[] }
  | { readonly type: 'bool[]'; readonly value: readonly boolean[] }
  | { readonly type: 'string[]'; readonly value: readonly string[] }

export interface GgufTensor {
  readonly name: string
  readonly type: TensorType
  /** Rows first, as in checkpoints; the order in the file is reversed. */
  readonly shape: readonly number[]
  /** The bytes in the tensor's type, in chunks. */
  data(): AsyncIterable<Uint8Array>
}

export interface GgufContent {
  /** In the order of the file. */
  readonly metadata: ReadonlyMap<string, GgufValue>
  readonly tensors: readonly GgufTensor[]
}

/** Bytes of a tensor's data, without padding. */
export function ggufTensorBytes({ type, shape }: Pick<GgufTensor, 'type' | 'shape'>): number {
  return tensorBytes(
    type,
    shape.reduce((product, dimension) => product * dimension, 1),
  )
}

/** Bytes of the whole file, or up to the end of its first `tensors` tensors. */
export function ggufBytes(content: GgufContent, tensors = content.tensors.length): number {
  return content.tensors.slice(0, tensors).reduce((sum, tensor) => sum + aligned(ggufTensorBytes(tensor)), ggufHeader(content).byteLength)
}

/**
 * Yields a tensor's bytes in chunks, padded to the alignment: a file is {@link ggufHeader}, then each tensor in order. Throws a RangeError
 * if the tensor yields a different number of bytes.
 */
export async function* ggufTensorPieces(tensor: GgufTensor): AsyncGenerator<Uint8Array> {
  const expected = ggufTensorBytes(tensor)
  let given = 0
  for await (const piece of tensor.data()) {
    given += piece.byteLength
    yield piece
  }
  if (given !== expected) throw new RangeError(`tensor ${tensor.name} gave ${given} bytes instead of ${expected}`)
  if (aligned(given) > given) yield new Uint8Array(aligned(given) - given)
}

/** Yields the bytes of a whole file in chunks. Keeps the header and one chunk of one tensor in memory. */
export async function* encodeGguf(content: GgufContent): AsyncGenerator<Uint8Array> {
  yield ggufHeader(content)
  for (const tensor of content.tensors) yield* ggufTensorPieces(tensor)
}

/** Everything before the tensor data, with padding: header, metadata, tensor descriptions. */
export function ggufHeader({ metadata, tensors }: GgufContent): Uint8Array {
  const out = new ByteList()
  out.u32(GGUF_MAGIC)
  out.u32(GGUF_VERSION)
  out.u64(tensors.length)
  out.u64(metadata.size)
  for (const [key, value] of metadata) {
    out.string(key)
    writeValue(out, value)
  }
  let offset = 0
  for (const tensor of tensors) {
    out.string(tensor.name)
    out.u32(tensor.shape.length)
    for (const dimension of tensor.shape.toReversed()) out.u64(dimension)
    out.u32(tensorTypes[tensor.type].code)
    out.u64(offset)
    offset += aligned(ggufTensorBytes(tensor))
  }
  return out.padded()
}

function writeValue(out: ByteList, value: GgufValue): void {
  switch (value.type) {
    case 'u32':
      out.u32(ggufValueTypes.u32)
      out.u32(value.value)
      return
    case 'i32':
      out.u32(ggufValueTypes.i32)
      out.i32(value.value)
      return
    case 'f32':
      out.u32(ggufValueTypes.f32)
      out.f32(value.value)
      return
    case 'bool':
      out.u32(ggufValueTypes.bool)
      out.u8(value.value ? 1 : 0)
      return
    case 'string':
      out.u32(ggufValueTypes.string)
      out.string(value.value)
      return
    case 'i32[]':
      out.arrayHead(ggufValueTypes.i32, value.value.length)
      for (const item of value.value) out.i32(item)
      return
    case 'f32[]':
      out.arrayHead(ggufValueTypes.f32, value.value.length)
      for (const item of value.value) out.f32(item)
      return
    case 'bool[]':
      out.arrayHead(ggufValueTypes.bool, value.value.length)
      for (const item of value.value) out.u8(item ? 1 : 0)
      return
    case 'string[]':
      out.arrayHead(ggufValueTypes.string, value.value.length)
      for (const item of value.value) out.string(item)
      return
  }
}

/** A growable list of bytes. */
class ByteList {
  #bytes = Buffer.alloc(64 * 1024)
  #length = 0

  u8(value: number): void {
    this.#length = this.#room(1).writeUInt8(value, this.#length)
  }

  u32(value: number): void {
    this.#length = this.#room(4).writeUInt32LE(value, this.#length)
  }

  i32(value: number): void {
    this.#length = this.#room(4).writeInt32LE(value, this.#length)
  }

  f32(value: number): void {
    this.#length = this.#room(4).writeFloatLE(value, this.#length)
  }

  u64(value: number): void {
    this.#length = this.#room(8).writeBigUInt64LE(BigInt(value), this.#length)
  }

  string(value: string): void {
    const bytes = Buffer.byteLength(value)
    this.u64(bytes)
    this.#length += this.#room(bytes).write(value, this.#length)
  }

  arrayHead(itemType: number, count: number): void {
    this.u32(ggufValueTypes.array)
    this.u32(itemType)
    this.u64(count)
  }

  /** Zero-padded to the alignment. */
  padded(): Uint8Array {
    const length = aligned(this.#length)
    this.#room(length - this.#length)
    return this.#bytes.subarray(0, length)
  }

  #room(more: number): Buffer {
    if (this.#length + more > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + more))
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    return this.#bytes
  }
}
