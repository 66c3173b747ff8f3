import { MICROSOFT, type OnnxGraphWriter, type OnnxValueName } from '../../formats/onnx/onnx-graph.ts'

/** TensorProto's number for 64-bit integers, for Cast. */
const TO_I64 = 7
/** Added to the scores of places outside the grid, whose weights are 0 with it. */
const NOWHERE = 1e9

/** Inputs of the graph, as in `tower.ts`, and [slices, patches] as integers. */
export interface AttentionInputs {
  readonly slicesAndPatches: OnnxValueName
  readonly cos: OnnxValueName
  readonly sin: OnnxValueName
  readonly windows: OnnxValueName
  readonly places: OnnxValueName
}

export interface AttentionSizes {
  readonly channels: number
  readonly heads: number
  /** Patches of a window. */
  readonly area: number
}

/** Values that all layers with windows share. */
interface SharedValues {
  readonly bySlice: OnnxValueName
  readonly byPlace: OnnxValueName
  readonly byWindow: OnnxValueName
  readonly patches: OnnxValueName
  readonly places: OnnxValueName
  readonly bias: OnnxValueName
}

/**
 * Writes the attention of a tower: over a whole slice, or within windows. Windows at the right and lower edge reach beyond the grid; their places there
 * contain the first patch, and a bias hides them.
 */
export class AttentionNodes {
  readonly #graph: OnnxGraphWriter
  readonly #inputs: AttentionInputs
  readonly #heads: number
  readonly #shared: SharedValues

  private constructor(graph: OnnxGraphWriter, inputs: AttentionInputs, heads: number, shared: SharedValues) {
    this.#graph = graph
    this.#inputs = inputs
    this.#heads = heads
    this.#shared = shared
  }

  /** Writes what the layers share. */
  static async write(graph: OnnxGraphWriter, inputs: AttentionInputs, { channels, heads, area }: AttentionSizes): Promise<AttentionNodes> {
    const { slicesAndPatches, windows } = inputs
    const number = (name: string, value: number) => graph.weight(name, 'f32', [], [new Uint8Array(Float32Array.of(value).buffer)])
    const join = (...parts: OnnxValueName[]) => graph.node('Concat', parts, { attributes: { axis: 0 } })
    const zero = await number('windows.zero', 0)
    const slices = graph.node('Slice', [slicesAndPatches, graph.integers([0]), graph.integers([1])])
    const list = (value: OnnxValueName) =>
      graph.node('Cast', [graph.node('Reshape', [value, graph.integers([-1])])], { attributes: { to: TO_I64 } })
    const hidden = graph.node('Mul', [graph.node('Min', [windows, zero]), await number('windows.nowhere', NOWHERE)])
    const ofSlices = graph.node('Expand', [
      graph.node('Reshape', [hidden, graph.integers([1, -1, area])]),
      join(slices, graph.integers([1, 1])),
    ])
    const ofWindows = graph.node('Reshape', [ofSlices, graph.integers([-1, 1, 1, area])])
    return new AttentionNodes(graph, inputs, heads, {
      bySlice: join(slicesAndPatches, graph.integers([channels])),
      byPlace: join(slices, graph.integers([-1, channels])),
      byWindow: graph.integers([-1, area, channels]),
      patches: list(graph.node('Max', [windows, zero])),
      places: list(inputs.places),
      bias: graph.node('Expand', [ofWindows, graph.integers([1, 1, area, 1])]),
    })
  }

  /** Attention of queries, keys and values [slices*patches, channels] over all patches of a slice: [slices, patches, channels]. */
  whole(query: OnnxValueName, key: OnnxValueName, value: OnnxValueName): OnnxValueName {
    return this.#attend([this.#turned(query), this.#turned(key), this.#bySlice(value)])
  }

  /** As {@link whole}, within windows. */
  windowed(query: OnnxValueName, key: OnnxValueName, value: OnnxValueName): OnnxValueName {
    const graph = this.#graph
    const { byPlace, byWindow, patches, places, bias } = this.#shared
    const [q = '', k = '', v = ''] = [this.#turned(query), this.#turned(key), this.#bySlice(value)].map((all) =>
      graph.node('Reshape', [graph.node('Gather', [all, patches], { attributes: { axis: 1 } }), byWindow]),
    )
    const attended = graph.node('Reshape', [this.#attend([q, k, v, '', '', bias]), byPlace])
    return graph.node('Gather', [attended, places], { attributes: { axis: 1 } })
  }

  #attend(inputs: readonly OnnxValueName[]): OnnxValueName {
    return this.#graph.node('MultiHeadAttention', inputs, { domain: MICROSOFT, attributes: { num_heads: this.#heads } })
  }

  #bySlice(value: OnnxValueName): OnnxValueName {
    return this.#graph.node('Reshape', [value, this.#shared.bySlice])
  }

  /** By slice, with rotary positions. */
  #turned(value: OnnxValueName): OnnxValueName {
    const graph = this.#graph
    const { cos, sin } = this.#inputs
    const options = { domain: MICROSOFT, attributes: { num_heads: this.#heads } }
    return graph.node('RotaryEmbedding', [this.#bySlice(value), graph.integers([0]), cos, sin], options)
  }
}
