import { TarsierError } from '../../../shared/errors.ts'
import { readExactly } from '../contained-file.ts'
import { halfToFloat, toFloats } from '../float-formats.ts'
import type { TensorInfo, TensorSource } from '../tensor-source.ts'
import type { GgufFile } from './gguf-file.ts'
import type { GgufTensor } from './gguf-head.ts'
import { ggufTensorTypes } from './gguf-types.ts'

/** Composes a checkpoint's tensor from tensors of a GGUF. */
export interface TensorRecipe {
  /** Rows first, as in checkpoints. */
  readonly shape: readonly number[]
  /** Names in the GGUF; their elements together are those of the checkpoint's tensor. */
  readonly parts: readonly string[]
  /** Number of elements after which the parts alternate; if undefined, the parts are concatenated. */
  readonly turns?: number
}

const DEFAULT_PIECE_BYTES = 4 * 1024 * 1024
const Q8_ELEMENTS = 32
const Q8_BYTES = 34

/**
 * The tensors of a GGUF under a checkpoint's names, all as 32-bit floats: f32, f16 and bf16 are converted exactly, q8_0 is dequantized.
 * Throws `model-unsupported` for a tensor of another type, `model-damaged` for mismatched shapes.
 */
export class GgufTensorSource implements TensorSource {
  readonly names: readonly string[]
  readonly #gguf: GgufFile
  readonly #recipes: ReadonlyMap<string, TensorRecipe>

  /** Closing the source closes the file. */
  constructor(gguf: GgufFile, recipes: ReadonlyMap<string, TensorRecipe>) {
    this.#gguf = gguf
    this.#recipes = recipes
    this.names = [...recipes.keys()]
    for (const [name, { shape, parts }] of recipes) {
      const elements = parts.reduce((sum, part) => sum + elementsOf(this.#part(part)), 0)
      if (elements !== product(shape)) {
        throw new TarsierError(
          'model-damaged',
          `${gguf.path}: ${parts.join(' and ')} contain ${elements} values, but "${name}" of this tower needs ${product(shape)}. Download the file again.`,
          { details: { tensor: parts[0] ?? name } },
        )
      }
    }
  }

  has(name: string): boolean {
    return this.#recipes.has(name)
  }

  info(name: string): TensorInfo {
    const { shape } = this.#find(name)
    return { name, dtype: 'F32', shape, bytes: product(shape) * 4 }
  }

  async floats(name: string): Promise<Float32Array> {
    const { shape, parts, turns } = this.#find(name)
    const floats = new Float32Array(product(shape))
    let at = 0
    for (const [index, part] of parts.entries()) {
      for await (const piece of this.#pieces(part, DEFAULT_PIECE_BYTES)) {
        if (turns === undefined) floats.set(piece, at)
        else for (let i = 0; i < piece.length; i++) floats[inTurn(at + i, index, parts.length, turns)] = piece[i] ?? 0
        at += piece.length
      }
      if (turns !== undefined) at = 0
    }
    return floats
  }

  async bytes(name: string): Promise<Uint8Array> {
    return bytesOf(await this.floats(name))
  }

  async *stream(name: string, pieceBytes = DEFAULT_PIECE_BYTES): AsyncGenerator<Uint8Array> {
    const { parts, turns } = this.#find(name)
    // Only small tensors alternate.
    if (turns !== undefined) yield await this.bytes(name)
    else for (const part of parts) for await (const piece of this.#pieces(part, pieceBytes)) yield bytesOf(piece)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gguf[Symbol.asyncDispose]()
  }

  /** Reads a tensor of the file as floats, in chunks of at most `pieceBytes`. */
  async *#pieces(part: string, pieceBytes: number): AsyncGenerator<Float32Array> {
    const { type, position, bytes } = this.#part(part)
    const convert = conversions[type]
    if (!convert) {
      throw new TarsierError(
        'model-unsupported',
        `${this.#gguf.path}: the tensor "${part}" has the unsupported type ${type}. Give an mmproj file in F32, F16, BF16 or Q8_0.`,
        { details: { tensor: part, type } },
      )
    }
    const elements = Math.max(Q8_ELEMENTS, Math.floor(pieceBytes / 4 / Q8_ELEMENTS) * Q8_ELEMENTS)
    const step = elements * convert.bytes
    for (let done = 0; done < bytes; done += step) {
      const piece = new Uint8Array(Math.min(step, bytes - done))
      await readExactly(this.#gguf.file, piece, position + done, this.#gguf.path)
      yield convert.floats(piece)
    }
  }

  #part(name: string): GgufTensor {
    const tensor = this.#gguf.head.tensors.get(name)
    if (tensor) return tensor
    throw new TarsierError('model-damaged', `${this.#gguf.path} does not contain the tensor "${name}". Download the file again.`, {
      details: { tensor: name },
    })
  }

  #find(name: string): TensorRecipe {
    const recipe = this.#recipes.get(name)
    if (recipe) return recipe
    throw new TarsierError('model-damaged', `${this.#gguf.path} does not contain "${name}". Download the file again.`, {
      details: { tensor: name },
    })
  }
}

/** Bytes per element, which is fractional for block types, and the conversion to floats. */
const conversions: Readonly<Record<number, { readonly bytes: number; floats(bytes: Uint8Array): Float32Array }>> = {
  [ggufTensorTypes.f32]: { bytes: 4, floats: (bytes) => toFloats(bytes, 'F32') },
  [ggufTensorTypes.f16]: { bytes: 2, floats: (bytes) => toFloats(bytes, 'F16') },
  [ggufTensorTypes.bf16]: { bytes: 2, floats: (bytes) => toFloats(bytes, 'BF16') },
  [ggufTensorTypes.q8_0]: { bytes: Q8_BYTES / Q8_ELEMENTS, floats: dequantizeQ8 },
}

/** Dequantizes ggml's Q8_0: a scale in half precision, then 32 multiples of it. */
function dequantizeQ8(bytes: Uint8Array): Float32Array {
  const floats = new Float32Array((bytes.length / Q8_BYTES) * Q8_ELEMENTS)
  const steps = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let block = 0, at = 0; at < bytes.length; block++, at += Q8_BYTES) {
    const scale = halfToFloat((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8))
    for (let i = 0; i < Q8_ELEMENTS; i++) floats[block * Q8_ELEMENTS + i] = (steps[at + 2 + i] ?? 0) * scale
  }
  return floats
}

/** Index in the result of element `at` of part `index`, if `parts` parts alternate after every `turns` elements. */
function inTurn(at: number, index: number, parts: number, turns: number): number {
  return (Math.floor(at / turns) * parts + index) * turns + (at % turns)
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1)
}

function elementsOf({ shape }: GgufTensor): number {
  return product(shape)
}

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
}
