import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { remove } from '../../../platform/move.ts'
import type { LanguagePrecision } from '../../../shared/model-manifest.ts'
import { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { type TensorType, tensorTypes, type WrittenPrecision } from '../../formats/gguf/gguf-format.ts'
import type { GgufHead } from '../../formats/gguf/gguf-head.ts'
import { encodeGguf, type GgufContent, type GgufTensor, type GgufValue } from '../../formats/gguf/gguf-writer.ts'
import { checkGguf } from '../../language/gguf-check.ts'
import { FTYPE_MOSTLY_Q4_K_M, FTYPE_MOSTLY_Q5_K_M, FTYPE_MOSTLY_Q6_K } from '../../language/llama-header.ts'
import type { Quantizer } from './quantizer.ts'

/** Precisions of ggml's quantizer, from f16. */
export type QuantizedPrecision = Exclude<LanguagePrecision, WrittenPrecision>

const FILE_TYPES: Readonly<Record<QuantizedPrecision, number>> = {
  q4_k_m: FTYPE_MOSTLY_Q4_K_M,
  q5_k_m: FTYPE_MOSTLY_Q5_K_M,
  q6_k: FTYPE_MOSTLY_Q6_K,
}
/** Average bits per weight in the layers of a model. */
const LAYER_BITS: Readonly<Record<QuantizedPrecision, number>> = { q4_k_m: 5, q5_k_m: 5.8, q6_k: 6.5625 }
/** All three precisions store the output layer, and a tied embedding table, as Q6_K. */
const TABLE_BITS = 6.5625
const TABLES: readonly string[] = ['token_embd.weight', 'output.weight']
/** Rows of K-quants consist of blocks of 256; other rows use types with blocks of 32, or stay f16. */
const K_BLOCK = 256
const SMALL_BLOCK = 32
const SMALL_BLOCK_BITS = 8.5
/** Rows of a matrix in the outline: with one row it would count as a vector. */
const OUTLINE_ROWS = 2
/** Metadata that llama.cpp sets, both u32. */
const SET_BY_LLAMA: readonly string[] = ['general.quantization_version', 'general.file_type']
/** Pieces of half a megabyte that are converted and quantized ahead of the writer, beside one for each core. */
const PIECES_AHEAD = 16

/** Whether a precision is produced by ggml's quantizer rather than the app's own code. */
export function isQuantized(precision: LanguagePrecision): precision is QuantizedPrecision {
  return precision in FILE_TYPES
}

/** Approximate size of a model after quantization, in bytes. */
export function quantizedBytes({ tensors }: GgufContent, precision: QuantizedPrecision): number {
  let bits = 0
  for (const { name, shape } of tensors) bits += elementsOf(shape) * bitsOf(name, shape, precision)
  return Math.ceil(bits / 8)
}

function bitsOf(name: string, shape: readonly number[], precision: QuantizedPrecision): number {
  if (shape.length === 1) return 32
  const row = shape.at(-1) ?? 0
  if (row % K_BLOCK === 0) return TABLES.includes(name) ? TABLE_BITS : LAYER_BITS[precision]
  return row % SMALL_BLOCK === 0 ? SMALL_BLOCK_BITS : 16
}

/**
 * Returns a language model in f16 as llama.cpp's quantizer would write it, byte for byte, quantized as it is read, from whichever tensor is
 * read first, in order. Which type each tensor gets, and their order, is llama.cpp's decision: it quantizes an outline of the model, with two
 * rows of zeros for each matrix, in `directory`. Dispose it when done, or after an error.
 * Throws `model-damaged`, `model-unsupported`, `write-failed`, `disk-full`, `out-of-memory`, `engine-crashed`.
 */
export async function quantizedContent(
  source: GgufContent,
  precision: QuantizedPrecision,
  { directory, quantizer }: { readonly directory: string; readonly quantizer: Quantizer },
): Promise<GgufContent & AsyncDisposable> {
  const head = await quantizedOutline(source, FILE_TYPES[precision], directory, quantizer)
  const metadata = new Map([...head.values].map(([key, value]) => [key, metadataOf(source, key, value)]))
  const given = new Map(source.tensors.map((tensor) => [tensor.name, tensor]))
  const planned = [...head.tensors].map(([name, { type }]) => ({ source: expectTensor(given, name), type: typeOf(type, name) }))
  const pieces = new PiecesAhead(planned, quantizer)
  return {
    metadata,
    tensors: planned.map(({ source: { name, shape }, type }, index) => ({ name, type, shape, data: () => pieces.of(index) })),
    [Symbol.asyncDispose]: () => pieces.close(),
  }
}

async function quantizedOutline(
  { metadata, tensors }: GgufContent,
  fileType: number,
  directory: string,
  quantizer: Quantizer,
): Promise<GgufHead> {
  const [path, quantized] = [join(directory, 'outline.gguf'), join(directory, 'outline-quantized.gguf')]
  try {
    await writeFile(path, encodeGguf({ metadata, tensors: tensors.map(outlined) }))
    // llama.cpp fails an assertion on some invalid settings.
    await checkGguf(path)
    await quantizer.file(path, quantized, fileType)
    await using file = await GgufFile.open(quantized)
    return file.head
  } finally {
    for (const leftover of [path, quantized]) await remove(leftover)
  }
}

function outlined({ name, type, shape }: GgufTensor): GgufTensor {
  const smaller = shape.length === 1 ? shape : [OUTLINE_ROWS, ...shape.slice(1)]
  const { blockBytes, block } = tensorTypes[type]
  const data = async function* () {
    yield new Uint8Array((elementsOf(smaller) / block) * blockBytes)
  }
  return { name, type, shape: smaller, data }
}

function metadataOf({ metadata }: GgufContent, key: string, found: unknown): GgufValue {
  if (SET_BY_LLAMA.includes(key)) return { type: 'u32', value: Number(found) }
  const value = metadata.get(key)
  if (value === undefined) throw new RangeError(`llama.cpp added ${key} to the metadata`)
  return value
}

function expectTensor(tensors: ReadonlyMap<string, GgufTensor>, name: string): GgufTensor {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new RangeError(`llama.cpp added the tensor ${name}`)
  return tensor
}

function typeOf(code: number, name: string): TensorType {
  const found = Object.entries(tensorTypes).find(([, layout]) => layout.code === code)
  if (found === undefined) throw new RangeError(`llama.cpp chose the type ${code} for the tensor ${name}`)
  return found[0] as TensorType
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

interface PlannedTensor {
  readonly source: GgufTensor
  readonly type: TensorType
}

/** Reads and quantizes ahead of the writer, across tensors, so that all cores stay busy while it writes or waits for the disk. */
class PiecesAhead {
  readonly #tensors: readonly PlannedTensor[]
  readonly #quantizer: Quantizer
  readonly #queue: { readonly tensor: number; readonly bytes: Promise<Uint8Array> }[] = []
  readonly #depth = availableParallelism() + PIECES_AHEAD
  #source: AsyncGenerator<{ tensor: number; bytes: Promise<Uint8Array> }> | undefined

  constructor(tensors: readonly PlannedTensor[], quantizer: Quantizer) {
    this.#tensors = tensors
    this.#quantizer = quantizer
  }

  /** Yields the pieces of a tensor; after the first call, tensors must be requested in order. */
  async *of(tensor: number): AsyncGenerator<Uint8Array> {
    this.#source ??= this.#read(tensor)
    while (true) {
      for (let done = false; !done && this.#queue.length < this.#depth; ) {
        const next = await this.#source.next()
        done = next.done === true
        if (!next.done) this.#queue.push(next.value)
      }
      const [first] = this.#queue
      if (first?.tensor !== tensor) return
      this.#queue.shift()
      yield await first.bytes
    }
  }

  /** Waits until nothing is read any more. */
  async close(): Promise<void> {
    await this.#source?.return(undefined)
  }

  async *#read(first: number): AsyncGenerator<{ tensor: number; bytes: Promise<Uint8Array> }> {
    for (const [index, { source, type }] of this.#tensors.entries()) {
      if (index < first) continue
      for await (const piece of source.data()) {
        const bytes = type === source.type ? Promise.resolve(piece.slice()) : this.#quantizer.blocks(piece, type)
        bytes.catch(() => {}) // thrown where it is awaited
        yield { tensor: index, bytes }
      }
    }
  }
}
