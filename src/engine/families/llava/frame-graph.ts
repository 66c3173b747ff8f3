import type { OnnxGraphWriter, OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import { floatsToBytes } from '../../formats/onnx/onnx-weights.ts'

/** An ONNX graph over a batch of images of one size, with the shapes that its parts share. The first axis is the frames. */
export class FrameGraph {
  readonly graph: OnnxGraphWriter
  /** [frames, patches, values] */
  readonly pixels: OnnxValueName
  /** Number of frames, as a list of one number; likewise `patches`. */
  readonly frames: OnnxValueName
  readonly patches: OnnxValueName

  constructor(graph: OnnxGraphWriter, values: number) {
    this.graph = graph
    this.pixels = graph.input('pixels', 'f32', ['frames', 'patches', values])
    const shape = graph.node('Shape', [this.pixels])
    this.frames = graph.node('Slice', [shape, graph.integers([0]), graph.integers([1])])
    this.patches = graph.node('Slice', [shape, graph.integers([1]), graph.integers([2])])
  }

  /** Reshapes a value; one size may be -1, and one may be {@link frames}. */
  reshape(input: OnnxValueName, ...sizes: readonly (number | OnnxValueName)[]): OnnxValueName {
    return this.graph.node('Reshape', [input, this.#sizes(sizes)])
  }

  /** Broadcasts `row` [..., width] to a shape with the same last dimensions. */
  repeat(row: OnnxValueName, ...sizes: readonly (number | OnnxValueName)[]): OnnxValueName {
    return this.graph.node('Expand', [row, this.#sizes(sizes)])
  }

  concat(inputs: readonly OnnxValueName[], axis: number): OnnxValueName {
    return this.graph.node('Concat', inputs, { attributes: { axis } })
  }

  /** A constant in f32, regardless of the tower's precision. */
  async constant(name: string, dims: readonly number[], values: Float32Array): Promise<OnnxValueName> {
    return await this.graph.weight(name, 'f32', dims, [floatsToBytes(values, 'f32', name)])
  }

  #sizes(sizes: readonly (number | OnnxValueName)[]): OnnxValueName {
    if (sizes.every((size) => typeof size === 'number')) return this.graph.integers(sizes)
    return this.concat(
      sizes.map((size) => (typeof size === 'number' ? this.graph.integers([size]) : size)),
      0,
    )
  }
}
