import onnxProto from 'onnx-proto'

const { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto } = onnxProto.onnx

type Node = InstanceType<typeof NodeProto>
type Tensor = InstanceType<typeof TensorProto>

const ZERO = 'late_casts/zero'

/**
 * Returns the same graph with each 16-bit matrix converted to 32 bits directly before the layer that uses it, so that only a few converted
 * matrices are in memory at a time. ONNX Runtime would otherwise run all conversions first, because they depend on no input: here they are in
 * the branches of an `If` whose condition, which is always true, is computed from the layer's input. The results are equal.
 * Needs the options of a mapped session, without which ONNX Runtime converts all matrices while loading.
 * @param bytes an ONNX graph that was validated, see `tower-files.ts`; its weights file, if any, does not change
 */
export function withLateCasts(bytes: Uint8Array): Uint8Array {
  const model = ModelProto.decode(bytes)
  const { graph } = model
  if (!graph?.node || !graph.initializer) throw new Error('the graph is empty')
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor as Tensor]))
  const casts = new Map<string, { readonly node: Node; readonly weight: Tensor }>()
  for (const node of graph.node) {
    const weight = weights.get(node.input?.[0] ?? '')
    if (node.opType === 'Cast' && weight) casts.set(node.output?.[0] ?? '', { node: node as Node, weight })
  }
  if (casts.size === 0) return bytes
  graph.initializer.push(new TensorProto({ name: ZERO, dims: [], dataType: TensorProto.DataType.INT64, rawData: new Uint8Array(8) }))
  const written = new Set<string>()
  graph.node = graph.node.flatMap((node) => {
    if (casts.has(node.output?.[0] ?? '')) return [] // written before its first use
    const inputs = node.input ?? []
    const computed = inputs.find((name) => name !== '' && !casts.has(name) && !weights.has(name))
    const conversions = inputs.flatMap((name) => {
      const cast = casts.get(name)
      if (!cast || written.has(name)) return []
      written.add(name)
      return computed === undefined ? [cast.node] : lateCast(cast.weight, name, computed)
    })
    return [...conversions, node as Node]
  })
  return ModelProto.encode(model).finish()
}

/** The nodes that convert `weight` to the value `converted` once the value `input` is computed. */
function lateCast(weight: Tensor, converted: string, input: string): Node[] {
  const [size, condition] = [`${converted}.size`, `${converted}.condition`]
  const branch = (name: string) =>
    new AttributeProto({ name, type: AttributeProto.AttributeType.GRAPH, g: castGraph(weight, `${converted}.${name}`) })
  return [
    new NodeProto({ name: size, opType: 'Size', input: [input], output: [size] }),
    new NodeProto({ name: condition, opType: 'Greater', input: [size, ZERO], output: [condition] }),
    new NodeProto({
      name: converted,
      opType: 'If',
      input: [condition],
      output: [converted],
      attribute: [branch('then_branch'), branch('else_branch')],
    }),
  ]
}

function castGraph({ name, dims }: Tensor, output: string) {
  const { FLOAT } = TensorProto.DataType
  const dim = (dims ?? []).map((size) => new TensorShapeProto.Dimension({ dimValue: Number(size) }))
  const to = new AttributeProto({ name: 'to', type: AttributeProto.AttributeType.INT, i: FLOAT })
  const tensorType = new TypeProto.Tensor({ elemType: FLOAT, shape: new TensorShapeProto({ dim }) })
  return new GraphProto({
    name: output,
    node: [new NodeProto({ name: output, opType: 'Cast', input: [name ?? ''], output: [output], attribute: [to] })],
    output: [new ValueInfoProto({ name: output, type: new TypeProto({ tensorType }) })],
  })
}
