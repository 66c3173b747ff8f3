import type { OnnxGraphWriter, OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import { floatsToBytes } from '../../formats/onnx/onnx-weights.ts'

/** A graph over a batch of pictures of one size, with the shapes that every part of it needs. Its first axis is that of the frames. */
export class FrameGraph {
  readonly graph: OnnxGraphWriter
  /** [frames, patches, values] */
  readonly pixels: OnnxValueName
  /** How many there are, as a list of one number; so are `patches`. */
  readonly frames: OnnxValueName
  readonly patches: OnnxValueName

  constructor(graph: OnnxGraphWriter, values: number) {
    this.graph = graph
    this.pixels = graph.input('pixels', 'f32', ['frames', 'patches', values])
    const shape = graph.node('Shape', [this.pixels])
    this.frames = graph.node('Slice', [shape, graph.integers([0]), graph.integers([1])])
    this.patches = graph.node('Slice', [shape, graph.integers([1]), graph.integers([2])])
  }

  /** Another shape for the same numbers; one size may be -1, one may be {@link frames}. */
  reshape(input: OnnxValueName, ...sizes: readonly (number | OnnxValueName)[]): OnnxValueName {
    return this.graph.node('Reshape', [input, this.#sizes(sizes)])
  }

  /** `row` [..., width] once more for every place of a shape that ends like its own. */
  repeat(row: OnnxValueName, ...sizes: readonly (number | OnnxValueName)[]): OnnxValueName {
    return this.graph.node('Expand', [row, this.#sizes(sizes)])
  }

  concat(inputs: readonly OnnxValueName[], axis: number): OnnxValueName {
    return this.graph.node('Concat', inputs, { attributes: { axis } })
  }

  /** Numbers that no precision of the tower touches. */
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
