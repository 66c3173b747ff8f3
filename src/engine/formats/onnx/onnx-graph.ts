import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { TarsierError } from '../../../shared/errors.ts'
import { GrowingFile, type HashedFile } from '../growing-file.ts'

const { onnx } = onnxProto
const { AttributeProto, ModelProto, TensorProto } = onnx

export type OnnxElement = 'f32' | 'f16' | 'i64' | 'u8' | 'i8'
/** A name is a dimension that is known only at run time. */
export type OnnxDimension = number | string
/** Numbers become ints; use {@link OnnxFloat} if the operator expects a float. */
export type OnnxAttribute = number | readonly number[] | OnnxFloat
export interface OnnxFloat {
  readonly float: number
}
/** Name of a value in the graph. */
export type OnnxValueName = string

const elementTypes = {
  f32: TensorProto.DataType.FLOAT,
  f16: TensorProto.DataType.FLOAT16,
  i64: TensorProto.DataType.INT64,
  u8: TensorProto.DataType.UINT8,
  i8: TensorProto.DataType.INT8,
} as const
const elementBytes = { f32: 4, f16: 2, i64: 8, u8: 1, i8: 1 } as const

/** LayerNormalization requires 17. */
const OPSET = 17
const IR_VERSION = 8
/** ONNX Runtime memory-maps external tensors; on Windows, mappings must start at a multiple of this. */
const MAPPING_GRANULARITY = 65536
/** Smaller tensors stay in the graph. */
const EXTERNAL_FROM_BYTES = 65536

/** A graph's file, and the file with its large weights if there is one. */
export interface GraphFiles extends HashedFile {
  readonly data?: HashedFile | undefined
}

/** Domain of ONNX Runtime's own operators, which are fused. */
export const MICROSOFT = 'com.microsoft'

/** Number of elements of a tensor; 1 for a scalar, which has no dimensions. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1)
}

/** Graphs with more weights store them in a `dataFile`. */
export const INSIDE_UP_TO_BYTES = 64 * 1024 * 1024

/**
 * Writes an ONNX graph as it is built. With `dataFile`, large weights are written to that file beside the graph in chunks, so that a tower
 * of several gigabytes does not need as much memory and can exceed protobuf's limit of 2 GiB. Without it, all weights are stored in the
 * graph.
 */
export class OnnxGraphWriter {
  readonly #nodes: InstanceType<typeof onnx.NodeProto>[] = []
  readonly #operators = new Map<OnnxValueName, string>()
  readonly #initializers: InstanceType<typeof onnx.TensorProto>[] = []
  readonly #inputs: InstanceType<typeof onnx.ValueInfoProto>[] = []
  readonly #outputs: InstanceType<typeof onnx.ValueInfoProto>[] = []
  readonly #directory: string
  readonly #dataFile: string | undefined
  readonly #durable: boolean | undefined
  #data: GrowingFile | undefined
  #names = 0

  /** `durable` as for {@link GrowingFile}. */
  constructor(directory: string, options: { dataFile?: string | undefined; durable?: boolean | undefined } = {}) {
    this.#directory = directory
    this.#dataFile = options.dataFile
    this.#durable = options.durable
  }

  input(name: OnnxValueName, element: OnnxElement, dims: readonly OnnxDimension[]): OnnxValueName {
    this.#inputs.push(valueInfo(name, element, dims))
    return name
  }

  output(name: OnnxValueName, element: OnnxElement, dims: readonly OnnxDimension[]): void {
    this.#outputs.push(valueInfo(name, element, dims))
  }

  /** Adds an operator with one output and returns the output's name (`name` or a generated one). */
  node(
    operator: string,
    inputs: readonly OnnxValueName[],
    options: { attributes?: Readonly<Record<string, OnnxAttribute>>; domain?: string; name?: OnnxValueName } = {},
  ): OnnxValueName {
    const output = options.name ?? `${operator}_${this.#names++}`
    this.#operators.set(output, operator)
    this.#nodes.push(
      new onnx.NodeProto({
        name: output,
        opType: operator,
        domain: options.domain ?? '',
        input: [...inputs],
        output: [output],
        attribute: Object.entries(options.attributes ?? {}).map(([name, value]) => attribute(name, value)),
      }),
    )
    return output
  }

  /** The operator that produces a value; undefined for inputs and weights. */
  operatorOf(value: OnnxValueName): string | undefined {
    return this.#operators.get(value)
  }

  /** Adds a constant list of integers, such as a shape. */
  integers(values: readonly number[]): OnnxValueName {
    const name = `integers_${this.#names++}`
    const rawData = new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer)
    this.#initializers.push(new TensorProto({ name, dims: [values.length], dataType: elementTypes.i64, rawData }))
    return name
  }

  /**
   * Adds a weight from little-endian chunks, whose total size must match the shape. A chunk's memory may be reused when the second chunk
   * after it is requested.
   */
  async weight(
    name: OnnxValueName,
    element: OnnxElement,
    dims: readonly number[],
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<OnnxValueName> {
    const bytes = elementCount(dims) * elementBytes[element]
    const tensor = new TensorProto({ name, dims: [...dims], dataType: elementTypes[element] })
    if (this.#dataFile !== undefined && bytes >= EXTERNAL_FROM_BYTES) {
      const offset = await this.#writeData(this.#dataFile, bytes, name, pieces)
      tensor.dataLocation = TensorProto.DataLocation.EXTERNAL
      tensor.externalData = [
        { key: 'location', value: this.#dataFile },
        { key: 'offset', value: String(offset) },
        { key: 'length', value: String(bytes) },
      ].map((entry) => new onnx.StringStringEntryProto(entry))
    } else {
      const whole = new Uint8Array(bytes)
      let filled = 0
      for await (const piece of pieces) {
        if (filled + piece.byteLength > bytes) throw wrongLength(name)
        whole.set(piece, filled)
        filled += piece.byteLength
      }
      if (filled !== bytes) throw wrongLength(name)
      tensor.rawData = whole
    }
    this.#initializers.push(tensor)
    return name
  }

  /** Returns the weight's offset in the data file. */
  async #writeData(
    dataFile: string,
    bytes: number,
    name: string,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<number> {
    const data = this.#data ?? (await GrowingFile.open(join(this.#directory, dataFile), 'wx', { durable: this.#durable }))
    this.#data = data
    const offset = Math.ceil(data.bytes / MAPPING_GRANULARITY) * MAPPING_GRANULARITY
    await data.append(new Uint8Array(offset - data.bytes))
    for await (const piece of pieces) {
      if (data.bytes + piece.byteLength > offset + bytes) throw wrongLength(name)
      await data.append(piece)
      if (data.flushIsDue) await data.flush()
    }
    if (data.bytes !== offset + bytes) throw wrongLength(name)
    return offset
  }

  /** Writes the graph; the file must not exist. */
  async finish(fileName: string, graphName: string): Promise<GraphFiles> {
    const data = await this.#data?.finish()
    const model = new ModelProto({
      irVersion: IR_VERSION,
      producerName: 'tarsier-desktop',
      opsetImport: [
        new onnx.OperatorSetIdProto({ domain: '', version: OPSET }),
        new onnx.OperatorSetIdProto({ domain: MICROSOFT, version: 1 }),
      ],
      graph: new onnx.GraphProto({
        name: graphName,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      }),
    })
    const graph = await GrowingFile.open(join(this.#directory, fileName), 'wx', { durable: this.#durable })
    try {
      await graph.append(ModelProto.encode(model).finish())
      return { ...(await graph.finish()), data }
    } finally {
      await graph.close()
    }
  }

  /** Closes the data file; needed only if `finish` was not reached. */
  async close(): Promise<void> {
    await this.#data?.close()
  }
}

function valueInfo(name: string, element: OnnxElement, dims: readonly OnnxDimension[]): InstanceType<typeof onnx.ValueInfoProto> {
  const dim = dims.map((size) => new onnx.TensorShapeProto.Dimension(typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  const tensorType = new onnx.TypeProto.Tensor({ elemType: elementTypes[element], shape: new onnx.TensorShapeProto({ dim }) })
  return new onnx.ValueInfoProto({ name, type: new onnx.TypeProto({ tensorType }) })
}

function attribute(name: string, value: OnnxAttribute): InstanceType<typeof onnx.AttributeProto> {
  const { AttributeType } = AttributeProto
  if (typeof value === 'number') return new AttributeProto({ name, type: AttributeType.INT, i: value })
  if ('float' in value) return new AttributeProto({ name, type: AttributeType.FLOAT, f: value.float })
  return new AttributeProto({ name, type: AttributeType.INTS, ints: [...value] })
}

function wrongLength(name: string): TarsierError {
  return new TarsierError('model-damaged', `The size of the tensor "${name}" does not match its shape. Download the checkpoint again.`)
}
