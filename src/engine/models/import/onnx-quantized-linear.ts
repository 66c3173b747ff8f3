import { MICROSOFT, type OnnxGraphWriter, type OnnxValueName } from './onnx-graph.ts'
import { BLOCK_4, quantizeBlocks, quantizeRows, ZERO_8 } from './quantize-tower.ts'

/** Keeps a row of zeros from being divided by nothing. */
const LEAST_SCALE = 1e-20
/** MatMulNBits' number for inputs that it quantizes to 8 bits, block by block. */
const ACCURACY_INT8 = 4

export interface Matrix {
  readonly name: string
  /** [rows, columns] */
  readonly values: Float32Array
  readonly rows: number
  readonly columns: number
}

/**
 * Linear layers whose weights take 8 or 4 bits.
 *
 * 8 bits: integers times integers, summed exactly. The inputs are quantized as they come, each row (a patch) with a scale of
 * its own, because towers have single patches a hundred times larger than the others. Weights and inputs are unsigned: the
 * kernels for signed weights saturate on processors without VNNI.
 * 4 bits: MatMulNBits, which every provider of ONNX Runtime's knows.
 */
export class QuantizedLinears {
  readonly #graph: OnnxGraphWriter
  readonly #bits: 4 | 8
  readonly #quantized = new Map<OnnxValueName, { readonly rows: OnnxValueName; readonly scale: OnnxValueName }>()
  #constants:
    | { readonly one: OnnxValueName; readonly zero: OnnxValueName; readonly step: OnnxValueName; readonly least: OnnxValueName }
    | undefined

  constructor(graph: OnnxGraphWriter, bits: 4 | 8) {
    this.#graph = graph
    this.#bits = bits
  }

  /** `input` [n, columns] through a matrix, plus `bias` [rows]: [n, rows]. */
  async linear(input: OnnxValueName, matrix: Matrix, bias: OnnxValueName): Promise<OnnxValueName> {
    return this.#bits === 8 ? await this.#linear8(input, matrix, bias) : await this.#linear4(input, matrix, bias)
  }

  async #linear8(input: OnnxValueName, { name, values, rows, columns }: Matrix, bias: OnnxValueName): Promise<OnnxValueName> {
    const graph = this.#graph
    const { weights, scales } = quantizeRows(values, rows, columns, name)
    const stored = await graph.weight(name, 'u8', [columns, rows], [weights])
    const scale = await graph.weight(`${name}.scale`, 'f32', [rows], [bytesOf(scales)])
    const { one, zero } = await this.#shared()
    const quantized = await this.#rows(input)
    const inputs = [quantized.rows, stored, one, scale, zero, zero]
    const product = graph.node('MatMulIntegerToFloat', inputs, { domain: MICROSOFT })
    return graph.node('Add', [graph.node('Mul', [product, quantized.scale]), bias])
  }

  async #linear4(input: OnnxValueName, { name, values, rows, columns }: Matrix, bias: OnnxValueName): Promise<OnnxValueName> {
    const graph = this.#graph
    const { weights, scales, zeroPoints } = quantizeBlocks(values, rows, columns, name)
    const blocks = Math.ceil(columns / BLOCK_4)
    const stored = await graph.weight(name, 'u8', [rows, blocks, BLOCK_4 / 2], [weights])
    const scale = await graph.weight(`${name}.scale`, 'f32', [rows * blocks], [bytesOf(scales)])
    const zero = await graph.weight(`${name}.zero`, 'u8', [zeroPoints.length], [zeroPoints])
    return graph.node('MatMulNBits', [input, stored, scale, zero, '', bias], {
      domain: MICROSOFT,
      attributes: { K: columns, N: rows, bits: 4, block_size: BLOCK_4, accuracy_level: ACCURACY_INT8 },
    })
  }

  /** The input in 8 bits, and its scales [n, 1]; layers that share an input share them. */
  async #rows(input: OnnxValueName) {
    const known = this.#quantized.get(input)
    if (known) return known
    const graph = this.#graph
    const { one, zero, step, least } = await this.#shared()
    const largest = graph.node('ReduceMax', [graph.node('Abs', [input])], { attributes: { axes: [1], keepdims: 1 } })
    const scale = graph.node('Max', [graph.node('Mul', [largest, step]), least])
    const rows = graph.node('QuantizeLinear', [graph.node('Div', [input, scale]), one, zero])
    const made = { rows, scale }
    this.#quantized.set(input, made)
    return made
  }

  async #shared() {
    const number = (name: string, value: number) => this.#graph.weight(name, 'f32', [], [bytesOf(Float32Array.of(value))])
    this.#constants ??= {
      one: await number('one', 1),
      zero: await this.#graph.weight('zero', 'u8', [], [Uint8Array.of(ZERO_8)]),
      step: await number('step', 1 / (ZERO_8 - 1)),
      least: await number('least', LEAST_SCALE),
    }
    return this.#constants
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
