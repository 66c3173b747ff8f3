import { TarsierError } from '../../../shared/errors.ts'
import type { VisionPrecision } from '../../../shared/model-manifest.ts'
import { Scratch } from '../float-formats.ts'
import type { CheckpointDtype, TensorSource } from '../tensor-source.ts'
import { elementCount, type OnnxGraphWriter, type OnnxValueName } from './onnx-graph.ts'
import { QuantizedLinears } from './onnx-quantized-linear.ts'
import { convertBytes, type FloatPrecision, floatsToBytes } from './onnx-weights.ts'
import { BLOCK_4 } from './quantize-weights.ts'

/** TensorProto's number for 32-bit floats, for Cast. */
const TO_F32 = 1
/** Bytes per element; for 4 bits including the scale and zero point of its block. */
const BYTES: Readonly<Record<VisionPrecision, number>> = { f32: 4, f16: 2, int8: 1, int4: (BLOCK_4 / 2 + 4 + 0.5) / BLOCK_4 }

export interface CheckpointWeightsOptions {
  readonly precision: VisionPrecision
  /** Key prefix in the checkpoint. It is not part of the names in the graph, so that the same weights produce the same graph. */
  readonly prefix: string
  readonly signal: AbortSignal
  /** Receives the number of matrix elements written so far. */
  readonly onWritten: (elements: number) => void
}

/**
 * Adds the tensors of a checkpoint to a graph: matrices in the tower's precision, vectors in 32 bits. Float weights are converted in
 * chunks; a quantized matrix is kept in memory as a whole. Computed matrices, and those that do not belong to a linear layer, are stored as
 * floats.
 */
export class CheckpointWeights {
  readonly #source: TensorSource
  readonly #graph: OnnxGraphWriter
  readonly #options: CheckpointWeightsOptions
  /** Storage precision of matrices that are not quantized. */
  readonly #floats: FloatPrecision
  readonly #quantized: QuantizedLinears | null
  /** Used alternately, because a chunk is written while the next one is converted. */
  readonly #buffers: [Scratch, Scratch] = [new Scratch(), new Scratch()]
  #written = 0

  constructor(source: TensorSource, graph: OnnxGraphWriter, options: CheckpointWeightsOptions) {
    this.#source = source
    this.#graph = graph
    this.#options = options
    const { precision } = options
    this.#floats = precision === 'f16' ? 'f16' : 'f32'
    this.#quantized = precision === 'int8' || precision === 'int4' ? new QuantizedLinears(graph, precision === 'int8' ? 8 : 4) : null
  }

  /** Adds a matrix [rows, columns] of the checkpoint. If the checkpoint stacks `parts` matrices of that shape, each becomes a separate value. */
  async matrices(key: string, rows: number, columns: number, parts: number): Promise<OnnxValueName[]> {
    const stored = this.#options.prefix + key
    expectShape(this.#source, stored, [rows * parts, columns])
    const { dtype } = this.#source.info(stored)
    const nextPart = splitPieces(this.#source.stream(stored), rows * columns * (dtype === 'F32' ? 4 : 2), parts)
    const names: OnnxValueName[] = []
    for (let part = 0; part < parts; part++) {
      const converted = convertAll(nextPart(), (piece) => this.#convert(piece, dtype, stored))
      names.push(await this.#store(partName(key, part, parts), [rows, columns], converted))
    }
    return names
  }

  /** Adds a matrix that was computed from tensors of the checkpoint. */
  async computed(name: string, dims: readonly number[], values: Float32Array): Promise<OnnxValueName> {
    return await this.#store(name, dims, [this.#convert(floatsToBytes(values, 'f32', name), 'F32', name)])
  }

  /** Adds a bias or scale of `size` elements, or `parts` concatenated ones. */
  async vectors(key: string, size: number, parts: number): Promise<OnnxValueName[]> {
    const stored = this.#options.prefix + key
    expectShape(this.#source, stored, [size * parts])
    const floats = await this.#source.floats(stored)
    const names: OnnxValueName[] = []
    for (let part = 0; part < parts; part++) {
      const bytes = floatsToBytes(floats.slice(part * size, (part + 1) * size), 'f32', key)
      names.push(await this.#graph.weight(partName(key, part, parts), 'f32', [size], [bytes]))
    }
    return names
  }

  /** Applies the linear layers `key` to `input` [n, columns]: one result [n, rows] for each of the stacked parts. */
  async linears(input: OnnxValueName, key: string, rows: number, columns: number, parts: number): Promise<OnnxValueName[]> {
    const biases = await this.vectors(`${key}.bias`, rows, parts)
    if (this.#quantized) return await this.#quantizedLinears(this.#quantized, input, `${key}.weight`, rows, columns, biases)
    const matrices = await this.matrices(`${key}.weight`, rows, columns, parts)
    return matrices.map((matrix, part) => this.#graph.node('Gemm', [input, matrix, biases[part] ?? ''], { attributes: { transB: 1 } }))
  }

  async #quantizedLinears(
    quantized: QuantizedLinears,
    input: OnnxValueName,
    key: string,
    rows: number,
    columns: number,
    biases: readonly OnnxValueName[],
  ): Promise<OnnxValueName[]> {
    const { prefix, signal } = this.#options
    expectShape(this.#source, prefix + key, [rows * biases.length, columns])
    const floats = await this.#source.floats(prefix + key)
    const size = rows * columns
    const outputs: OnnxValueName[] = []
    for (const [part, bias] of biases.entries()) {
      signal.throwIfAborted()
      const values = floats.subarray(part * size, (part + 1) * size)
      outputs.push(await quantized.linear(input, { name: partName(key, part, biases.length), values, rows, columns }, bias))
      this.#report(size)
    }
    return outputs
  }

  async linear(input: OnnxValueName, key: string, rows: number, columns: number): Promise<OnnxValueName> {
    const [output = ''] = await this.linears(input, key, rows, columns, 1)
    return output
  }

  async layerNorm(input: OnnxValueName, key: string, size: number, epsilon: number): Promise<OnnxValueName> {
    const [scale = ''] = await this.vectors(`${key}.weight`, size, 1)
    const [bias = ''] = await this.vectors(`${key}.bias`, size, 1)
    return this.#graph.node('LayerNormalization', [input, scale, bias], { attributes: { axis: -1, epsilon: { float: epsilon } } })
  }

  async rmsNorm(input: OnnxValueName, key: string, size: number, epsilon: number): Promise<OnnxValueName> {
    const [scale = ''] = await this.vectors(`${key}.weight`, size, 1)
    // ONNX Runtime's name of RMSNormalization, which the standard has from opset 23 on.
    return this.#graph.node('SimplifiedLayerNormalization', [input, scale], { attributes: { axis: -1, epsilon: { float: epsilon } } })
  }

  async #store(name: string, dims: readonly number[], pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<OnnxValueName> {
    const stored = await this.#graph.weight(name, this.#floats, dims, untilAborted(pieces, this.#options.signal))
    this.#report(elementCount(dims))
    // ONNX Runtime folds this into a constant when it creates the session.
    return this.#floats === 'f16' ? this.#graph.node('Cast', [stored], { attributes: { to: TO_F32 }, name: `${name}.f32` }) : stored
  }

  #convert(bytes: Uint8Array, dtype: CheckpointDtype, name: string): Uint8Array {
    this.#buffers.reverse()
    const [scratch] = this.#buffers
    return convertBytes(bytes, dtype, this.#floats, name, scratch)
  }

  #report(elements: number): void {
    this.#written += elements
    this.#options.onWritten(this.#written)
  }
}

/** Bytes of a matrix with this number of elements. */
export function matrixBytes(elements: number, precision: VisionPrecision): number {
  return elements * BYTES[precision]
}

/** Throws `model-damaged` if a tensor's shape differs from the one that config.json implies. */
export function expectShape(source: TensorSource, key: string, expected: readonly number[]): void {
  const { shape } = source.info(key)
  if (shape.length === expected.length && shape.every((size, axis) => size === expected[axis])) return
  throw new TarsierError(
    'model-damaged',
    `The tensor "${key}" has the shape [${shape.join(', ')}], but config.json requires [${expected.join(', ')}]. Download the checkpoint again, config.json included.`,
    { details: { tensor: key, shape, expected } },
  )
}

function partName(key: string, part: number, parts: number): string {
  return parts === 1 ? key : `${key}.${part}`
}

async function* untilAborted(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    signal.throwIfAborted()
    yield piece
  }
}

async function* convertAll(pieces: AsyncIterable<Uint8Array>, convert: (piece: Uint8Array) => Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield convert(piece)
}

/** Splits a stream into runs of `runBytes`: each call of the result yields the chunks of the next run. The stream is closed after the last run. */
function splitPieces(stream: AsyncIterable<Uint8Array>, runBytes: number, runs: number): () => AsyncGenerator<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  let run = 0
  return async function* () {
    run++
    try {
      for (let missing = runBytes; missing > 0; ) {
        if (rest.byteLength === 0) {
          const next = await iterator.next()
          if (next.done) return
          rest = next.value
        }
        const piece = rest.subarray(0, missing)
        rest = rest.subarray(piece.byteLength)
        missing -= piece.byteLength
        yield piece
      }
    } finally {
      if (run === runs) await iterator.return?.()
    }
  }
}
