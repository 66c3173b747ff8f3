import type { FileHandle } from 'node:fs/promises'
import onnxProto from 'onnx-proto'
import { TarsierError } from '../../../shared/errors.ts'
import { openContained, readExactly } from '../contained-file.ts'
import { toFloats } from '../float-formats.ts'
import type { TensorInfo, TensorSource } from '../tensor-source.ts'
import { dequantizeBlocks, dequantizeRows } from './dequantize-weights.ts'
import { elementCount } from './onnx-graph.ts'
import { BLOCK_4 } from './quantize-weights.ts'

const { ModelProto, TensorProto } = onnxProto.onnx
const { FLOAT, FLOAT16, INT8, UINT8 } = TensorProto.DataType

/** A decoded and validated graph, see `vision/tower-files.ts`. */
export type OnnxGraph = NonNullable<InstanceType<typeof ModelProto>['graph']>
type Tensor = NonNullable<OnnxGraph['initializer']>[number]

const DEFAULT_PIECE_BYTES = 4 * 1024 * 1024

/**
 * The weights of a graph that `OnnxGraphWriter` wrote, under their names in it: floats as they are stored, and the matrices of
 * `QuantizedLinears` dequantized to 32 bits.
 */
export class GraphWeights implements TensorSource {
  readonly names: readonly string[]
  readonly #graph: OnnxGraph
  readonly #tensors: ReadonlyMap<string, Tensor>
  readonly #data: FileHandle | null
  readonly #path: string

  private constructor(graph: OnnxGraph, data: FileHandle | null, path: string) {
    this.#graph = graph
    this.#data = data
    this.#path = path
    this.#tensors = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]))
    this.names = [...this.#tensors.keys()]
  }

  /** `dataFile` is the name of the graph's weights file, if it has one. Closing the weights closes it. */
  static async open(graph: OnnxGraph, directory: string, dataFile: string | undefined): Promise<GraphWeights> {
    return new GraphWeights(graph, dataFile === undefined ? null : await openContained(directory, dataFile), dataFile ?? '')
  }

  has(name: string): boolean {
    return this.#tensors.has(name)
  }

  /** Number of consecutive layers from 0 on: the weight `name(layer)` exists. */
  layers(name: (layer: number) => string): number {
    let layers = 0
    while (this.has(name(layers))) layers++
    return layers
  }

  /** Whether the graph has an operator of this kind. */
  hasOperator(operator: string): boolean {
    return (this.#graph.node ?? []).some(({ opType }) => opType === operator)
  }

  /** Number of inputs of each operator of a kind, in the order of the graph. */
  inputCounts(operator: string): number[] {
    return (this.#graph.node ?? []).filter(({ opType }) => opType === operator).map(({ input }) => input?.length ?? 0)
  }

  /** A numeric attribute of the first operator of a kind, or of the one with this weight; undefined if there is none. */
  attribute(operator: string, name: string, weight?: string): number | undefined {
    const node = (this.#graph.node ?? []).find(
      ({ opType, input }) => opType === operator && (weight === undefined || input?.includes(weight)),
    )
    const found = node?.attribute?.find((attribute) => attribute.name === name)
    if (!found) return undefined
    return found.f || Number(found.i ?? 0)
  }

  info(name: string): TensorInfo {
    const tensor = this.#tensor(name)
    const dims = dimsOf(tensor)
    switch (tensor.dataType) {
      case FLOAT16:
        return { name, dtype: 'F16', shape: dims, bytes: elementCount(dims) * 2 }
      case INT8:
        return asFloats(name, [...dims].reverse())
      case UINT8:
        return asFloats(name, [dims[0] ?? 0, this.#columns4(name, dims)])
      case FLOAT:
        return asFloats(name, dims)
      default:
        throw this.#damaged(`the tensor "${name}" contains no weights`)
    }
  }

  async bytes(name: string): Promise<Uint8Array> {
    const quantized = await this.#dequantized(name)
    return quantized ? new Uint8Array(quantized.buffer, quantized.byteOffset, quantized.byteLength) : await this.#stored(name)
  }

  async *stream(name: string, pieceBytes = DEFAULT_PIECE_BYTES): AsyncGenerator<Uint8Array> {
    const tensor = this.#tensor(name)
    const { bytes } = this.info(name)
    const isQuantized = tensor.dataType === INT8 || tensor.dataType === UINT8
    if (isQuantized || !isExternal(tensor)) {
      const all = await this.bytes(name)
      for (let at = 0; at < bytes; at += pieceBytes) yield all.subarray(at, Math.min(bytes, at + pieceBytes))
      return
    }
    for (let at = 0; at < bytes; at += pieceBytes) yield await this.#read(tensor, at, Math.min(pieceBytes, bytes - at))
  }

  async floats(name: string): Promise<Float32Array> {
    return toFloats(await this.bytes(name), this.info(name).dtype)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#data?.close()
  }

  /** A matrix of `QuantizedLinears` as floats; null for other weights. */
  async #dequantized(name: string): Promise<Float32Array | null> {
    const { dataType } = this.#tensor(name)
    if (dataType !== INT8 && dataType !== UINT8) return null
    const { shape } = this.info(name)
    const [rows = 0, columns = 0] = shape
    const stored = await this.#stored(name)
    const blocks = Math.ceil(columns / BLOCK_4)
    const scales = await this.#beside(`${name}.scale`, FLOAT, dataType === INT8 ? rows : rows * blocks)
    const scaleFloats = toFloats(scales, 'F32')
    if (dataType === INT8) {
      const weights = new Int8Array(stored.buffer, stored.byteOffset, stored.byteLength)
      return dequantizeRows({ weights, scales: scaleFloats }, rows, columns)
    }
    if (stored.byteLength !== (rows * blocks * BLOCK_4) / 2) throw this.#damaged(`the size of the tensor "${name}" is wrong`)
    const zeroPoints = await this.#beside(`${name}.zero`, UINT8, rows * Math.ceil(blocks / 2))
    return dequantizeBlocks({ weights: stored, scales: scaleFloats, zeroPoints }, rows, columns)
  }

  /** Number of columns of a matrix in 4 bits [rows, blocks, bytes], whose last block may be shorter. */
  #columns4(name: string, dims: readonly number[]): number {
    const columns = this.attribute('MatMulNBits', 'K', name) ?? 0
    if (dims.length !== 3 || Math.ceil(columns / BLOCK_4) !== dims[1]) throw this.#damaged(`the tensor "${name}" has the wrong shape`)
    return columns
  }

  /** The stored bytes of what belongs to a quantized matrix. */
  async #beside(name: string, type: number, elements: number): Promise<Uint8Array> {
    const tensor = this.#tensor(name)
    if (tensor.dataType === type && elementCount(dimsOf(tensor)) === elements) return await this.#stored(name)
    throw this.#damaged(`the tensor "${name}" has the wrong shape`)
  }

  async #stored(name: string): Promise<Uint8Array> {
    const tensor = this.#tensor(name)
    if (isExternal(tensor)) return await this.#read(tensor, 0, numberOf(tensor, 'length'))
    // A copy, because these bytes are anywhere in those of the graph, and views of floats must be aligned.
    return new Uint8Array(tensor.rawData ?? [])
  }

  async #read(tensor: Tensor, at: number, length: number): Promise<Uint8Array> {
    if (!this.#data) throw this.#damaged('its weights file is missing')
    const piece = new Uint8Array(length)
    await readExactly(this.#data, piece, numberOf(tensor, 'offset') + at, this.#path)
    return piece
  }

  #tensor(name: string): Tensor {
    const tensor = this.#tensors.get(name)
    if (tensor) return tensor
    throw this.#damaged(`it does not contain the tensor "${name}"`)
  }

  #damaged(what: string): TarsierError {
    return new TarsierError('model-damaged', `The vision tower is damaged: ${what}. Import or download the model again.`)
  }
}

function asFloats(name: string, shape: readonly number[]): TensorInfo {
  return { name, dtype: 'F32', shape, bytes: elementCount(shape) * 4 }
}

function dimsOf(tensor: Tensor): number[] {
  return (tensor.dims ?? []).map(Number)
}

function isExternal(tensor: Tensor): boolean {
  return tensor.dataLocation === TensorProto.DataLocation.EXTERNAL || (tensor.externalData?.length ?? 0) > 0
}

function numberOf({ externalData }: Tensor, key: string): number {
  return Number(externalData?.find((entry) => entry.key === key)?.value ?? 0)
}
