import onnxProto from 'onnx-proto'

const { AttributeProto, ModelProto, NodeProto, TensorProto } = onnxProto.onnx

const FUSED = 'MultiHeadAttention'
/**
 * Number of blocks into which the queries of a frame are split. The blocks are computed one after another, so that only the scores of one
 * block are in memory: 89 MB instead of 354 for a frame with 2,352 patches and 16 heads. Not higher, because a frame may have only four
 * patches, and WebGPU rejects empty blocks.
 */
const BLOCKS = 4

type Node = InstanceType<typeof NodeProto>
type Tensor = InstanceType<typeof TensorProto>

/**
 * Returns the same graph with attention as matrix products and Softmax instead of ONNX Runtime's fused `MultiHeadAttention`, for devices on
 * which the fused operator computes wrong results. The results are equal up to rounding.
 * @param bytes an ONNX graph that was validated, see `tower-files.ts`; its weights file, if any, does not change
 */
export function withPlainAttention(bytes: Uint8Array): Uint8Array {
  const model = ModelProto.decode(bytes)
  const { graph } = model
  if (!graph?.node || !graph.initializer) throw new Error('the graph is empty')
  const writer = new AttentionWriter(graph.initializer as Tensor[])
  graph.node = graph.node.flatMap((node) => (node.opType === FUSED ? writer.attention(node as Node) : [node]))
  return ModelProto.encode(model).finish()
}

/** Writes the nodes of all attention operators, and the nodes that they share before those of the first. */
class AttentionWriter {
  readonly #initializers: Tensor[]
  #nodes: Node[] = []
  #names = 0
  #shared: { readonly bounds: readonly string[]; readonly scale: string; readonly queryAxis: string } | null = null

  constructor(initializers: Tensor[]) {
    this.#initializers = initializers
  }

  /**
   * Replaces a fused node: queries, keys and values [frames, patches, channels] to [frames, patches, channels], with the same output name.
   */
  attention({ input, output, attribute }: Node): Node[] {
    const [query = '', key = '', value = ''] = input ?? []
    const [result = ''] = output ?? []
    const heads = Number(attribute?.find(({ name }) => name === 'num_heads')?.i)
    this.#nodes = []
    const split = this.#integers([0, 0, heads, -1])
    const byHead = (name: string, perm: readonly number[]) => this.#node('Transpose', [this.#node('Reshape', [name, split])], { perm })
    const queries = byHead(query, [0, 2, 1, 3])
    const keys = byHead(key, [0, 2, 3, 1])
    const values = byHead(value, [0, 2, 1, 3])
    this.#shared ??= this.#share(queries)
    const { bounds, scale, queryAxis } = this.#shared
    const scaled = this.#node('Div', [queries, scale])
    const blocks = bounds.slice(1).map((end, i) => {
      const part = this.#node('Slice', [scaled, bounds[i] ?? '', end, queryAxis])
      const weights = this.#node('Softmax', [this.#node('MatMul', [part, keys])], { axis: -1 })
      return this.#node('MatMul', [weights, values])
    })
    const attended = this.#node('Transpose', [this.#node('Concat', blocks, { axis: 2 })], { perm: [0, 2, 1, 3] })
    this.#node('Reshape', [attended, this.#integers([0, 0, -1])], {}, result)
    return this.#nodes
  }

  /** Writes the nodes for the bounds of the query blocks and the square root of the head size, which are equal in all layers. */
  #share(queries: string) {
    const shape = this.#node('Shape', [queries])
    const size = (axis: number) => this.#node('Slice', [shape, this.#integers([axis]), this.#integers([axis + 1])])
    const products = this.#node('Mul', [size(2), this.#integers(Array.from({ length: BLOCKS + 1 }, (_, i) => i))])
    const all = this.#node('Div', [products, this.#integers([BLOCKS])])
    const bounds = Array.from({ length: BLOCKS + 1 }, (_, i) => this.#node('Slice', [all, this.#integers([i]), this.#integers([i + 1])]))
    const scale = this.#node('Sqrt', [this.#node('Cast', [size(3)], { to: TensorProto.DataType.FLOAT })])
    return { bounds, scale, queryAxis: this.#integers([2]) }
  }

  #node(
    opType: string,
    input: string[],
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
    name = this.#name(opType),
  ): string {
    const attribute = Object.entries(attributes).map(([key, value]) =>
      typeof value === 'number'
        ? new AttributeProto({ name: key, type: AttributeProto.AttributeType.INT, i: value })
        : new AttributeProto({ name: key, type: AttributeProto.AttributeType.INTS, ints: [...value] }),
    )
    this.#nodes.push(new NodeProto({ name, opType, input, output: [name], attribute }))
    return name
  }

  #integers(values: readonly number[]): string {
    const name = this.#name('integers')
    const rawData = new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer)
    this.#initializers.push(new TensorProto({ name, dims: [values.length], dataType: TensorProto.DataType.INT64, rawData }))
    return name
  }

  #name(stem: string): string {
    return `plain_attention/${stem}_${this.#names++}`
  }
}
