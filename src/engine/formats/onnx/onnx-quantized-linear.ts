import { MICROSOFT, type OnnxGraphWriter, type OnnxValueName } from './onnx-graph.ts'
import { BLOCK_4, quantizeBlocks, quantizeRows } from './quantize-weights.ts'

/** Minimum scale, to avoid division by zero for rows of zeros. */
const MIN_SCALE = 1e-20
const LARGEST_BYTE = 255
/** Zero point of inputs with even steps. */
const EVEN_ZERO = 128
/**
 * The output of a GELU is never below -0.17. With most steps above zero, the steps are nearly half as wide. On the demo model's tower this
 * reduced the mean error by a third.
 */
const GELUS: readonly string[] = ['QuickGelu', 'Gelu', 'FastGelu']
const GELU_LEAST = 0.17
const GELU_ZERO = 32
/** MatMulNBits' accuracy level for inputs in 8 bits, quantized in blocks. */
const ACCURACY_INT8 = 4

export interface Matrix {
  readonly name: string
  /** [rows, columns] */
  readonly values: Float32Array
  readonly rows: number
  readonly columns: number
}

interface QuantizedRows {
  readonly values: OnnxValueName
  readonly scale: OnnxValueName
  readonly zero: OnnxValueName
}

/** Constants for the quantization of floats to 256 steps. */
interface Steps {
  readonly one: OnnxValueName
  /** Zero point. */
  readonly zero: OnnxValueName
  /** A row's scale is its largest value times this. */
  readonly step: OnnxValueName
  readonly least: OnnxValueName
}

/**
 * Linear layers with weights in 8 or 4 bits.
 *
 * 8 bits: integer products, summed exactly. The inputs are quantized at run time, with a scale for each row (a patch), because single
 * patches in towers can be a hundred times larger than others. Inputs are unsigned and weights are signed, the fastest form on processors
 * with integer dot products; on others the session makes the weights unsigned, see `signed-products.ts`.
 * 4 bits: MatMulNBits, which CUDA, DirectML and WebGPU also support; of these, only DirectML supports the 8-bit integer operators, and the
 * others run them on the CPU.
 */
export class QuantizedLinears {
  readonly #graph: OnnxGraphWriter
  readonly #bits: 4 | 8
  readonly #quantized = new Map<OnnxValueName, QuantizedRows>()
  #even: Steps | undefined
  #afterGelu: Steps | undefined

  constructor(graph: OnnxGraphWriter, bits: 4 | 8) {
    this.#graph = graph
    this.#bits = bits
  }

  /** Applies a matrix to `input` [n, columns] and adds `bias` [rows]: [n, rows]. */
  async linear(input: OnnxValueName, matrix: Matrix, bias: OnnxValueName): Promise<OnnxValueName> {
    return this.#bits === 8 ? await this.#linear8(input, matrix, bias) : await this.#linear4(input, matrix, bias)
  }

  async #linear8(input: OnnxValueName, { name, values, rows, columns }: Matrix, bias: OnnxValueName): Promise<OnnxValueName> {
    const graph = this.#graph
    const { weights, scales } = quantizeRows(values, rows, columns, name)
    const stored = await graph.weight(name, 'i8', [columns, rows], [bytesOf(weights)])
    const scale = await graph.weight(`${name}.scale`, 'f32', [rows], [bytesOf(scales)])
    const { one } = await this.#evenSteps()
    const quantized = await this.#rows(input)
    // No zero point for the weights: ONNX Runtime cannot make weights unsigned if they share one.
    const inputs = [quantized.values, stored, one, scale, quantized.zero]
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

  /** Quantizes an input to 8 bits, with scales [n, 1] and a zero point; layers with the same input share the result. */
  async #rows(input: OnnxValueName): Promise<QuantizedRows> {
    const known = this.#quantized.get(input)
    if (known) return known
    const graph = this.#graph
    const gelu = GELUS.includes(graph.operatorOf(input) ?? '')
    const { one, zero, step, least } = await (gelu ? this.#geluSteps() : this.#evenSteps())
    const largest = graph.node('ReduceMax', [gelu ? input : graph.node('Abs', [input])], { attributes: { axes: [1], keepdims: 1 } })
    const scale = graph.node('Max', [graph.node('Mul', [largest, step]), least])
    const made = { values: graph.node('QuantizeLinear', [graph.node('Div', [input, scale]), one, zero]), scale, zero }
    this.#quantized.set(input, made)
    return made
  }

  /** Symmetric steps around zero. */
  async #evenSteps(): Promise<Steps> {
    this.#even ??= await this.#steps('even', EVEN_ZERO, MIN_SCALE)
    return this.#even
  }

  async #geluSteps(): Promise<Steps> {
    this.#afterGelu ??= await this.#steps('gelu', GELU_ZERO, GELU_LEAST / GELU_ZERO)
    return this.#afterGelu
  }

  async #steps(name: string, zero: number, least: number): Promise<Steps> {
    const float = (part: string, value: number) => this.#graph.weight(`${name}.${part}`, 'f32', [], [bytesOf(Float32Array.of(value))])
    return {
      one: await float('one', 1),
      zero: await this.#graph.weight(`${name}.zero`, 'u8', [], [Uint8Array.of(zero)]),
      step: await float('step', 1 / (LARGEST_BYTE - zero)),
      least: await float('least', least),
    }
  }
}

function bytesOf(values: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
