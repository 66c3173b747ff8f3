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
  #scale: string | null = null
  #blocks: { readonly bounds: readonly string[]; readonly axis: string } | null = null

  constructor(initializers: Tensor[]) {
    this.#initializers = initializers
  }

  /**
   * Replaces a fused node: queries, keys and values [frames, patches, channels] to [frames, patches, channels], with the same output name. With a bias
   * for the scores, attention is within windows, which are too small for blocks.
   */
  attention({ input, output, attribute }: Node): Node[] {
    const [query = '', key = '', value = '', , , bias = ''] = input ?? []
    const [result = ''] = output ?? []
    const heads = Number(attribute?.find(({ name }) => name === 'num_heads')?.i)
    this.#nodes = []
    const split = this.#integers([0, 0, heads, -1])
    const byHead = (name: string, perm: readonly number[]) => this.#node('Transpose', [this.#node('Reshape', [name, split])], { perm })
    const queries = byHead(query, [0, 2, 1, 3])
    const keys = byHead(key, [0, 2, 3, 1])
    const values = byHead(value, [0, 2, 1, 3])
    this.#scale ??= this.#node('Sqrt', [this.#node('Cast', [this.#size(queries, 3)], { to: TensorProto.DataType.FLOAT })])
    const scaled = this.#node('Div', [queries, this.#scale])
    const products = bias === '' ? this.#inBlocks(scaled, keys, values) : this.#product(scaled, keys, values, bias)
    const attended = this.#node('Transpose', [products], { perm: [0, 2, 1, 3] })
    this.#node('Reshape', [attended, this.#integers([0, 0, -1])], {}, result)
    return this.#nodes
  }

  #inBlocks(scaled: string, keys: string, values: string): string {
    // Equal in all layers.
    this.#blocks ??= this.#bounds(scaled)
    const { bounds, axis } = this.#blocks
    const blocks = bounds.slice(1).map((end, i) => {
      const part = this.#node('Slice', [scaled, bounds[i] ?? '', end, axis])
      return this.#product(part, keys, values)
    })
    return this.#node('Concat', blocks, { axis: 2 })
  }

  #product(scaled: string, keys: string, values: string, bias?: string): string {
    const scores = this.#node('MatMul', [scaled, keys])
    const weights = this.#node('Softmax', [bias === undefined ? scores : this.#node('Add', [scores, bias])], { axis: -1 })
    return this.#node('MatMul', [weights, values])
  }

  /** Writes the nodes for the bounds of the query blocks. */
  #bounds(queries: string) {
    const products = this.#node('Mul', [this.#size(queries, 2), this.#integers(Array.from({ length: BLOCKS + 1 }, (_, i) => i))])
    const all = this.#node('Div', [products, this.#integers([BLOCKS])])
    const bounds = Array.from({ length: BLOCKS + 1 }, (_, i) => this.#node('Slice', [all, this.#integers([i]), this.#integers([i + 1])]))
    return { bounds, axis: this.#integers([2]) }
  }

  #size(value: string, axis: number): string {
    return this.#node('Slice', [this.#node('Shape', [value]), this.#integers([axis]), this.#integers([axis + 1])])
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
