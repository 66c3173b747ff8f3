import onnxProto from 'onnx-proto'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { damaged, type Graph } from './tower-files.ts'

const { TensorProto } = onnxProto.onnx

/** Learned positions of CLIP's patches, as our writer names them: one for each patch of a whole picture. */
const POSITIONS = 'embeddings.position_embedding'

interface Expected {
  readonly name: string
  readonly axes: number
  /** Size of the last axis. */
  readonly last: number
}

/** Throws `model-damaged` where a tower's graph is not the one that its manifest speaks of. Nothing of it is loaded for that. */
export function expectGraphFits(graph: Graph, { vision, family }: ModelManifest): void {
  const rotary = family === 'tarsier2' ? ['cos', 'sin'].map((name) => ({ name, axes: 2, last: vision.headSize / 2 })) : []
  expectValues(graph.input ?? [], [{ name: 'pixels', axes: 3, last: 3 * vision.patchSize ** 2 }, ...rotary])
  expectValues(graph.output ?? [], [{ name: 'embeddings', axes: 3, last: vision.width }])
  if (family === 'tarsier') {
    const side = Math.floor(vision.imageSize / vision.patchSize)
    const positions = Number(graph.initializer?.find(({ name }) => name === POSITIONS)?.dims?.[0] ?? Number.NaN)
    if (positions !== side ** 2)
      throw damaged(`its graph has positions for ${positions} patches where tarsier-model.json speaks of ${side} × ${side} of them`)
  }
}

function expectValues(values: NonNullable<Graph['input']>, expected: readonly Expected[]): void {
  for (const { name, axes, last } of expected) {
    const tensor = values.find((value) => value.name === name)?.type?.tensorType
    const dims = (tensor?.shape?.dim ?? []).map(({ dimParam, dimValue }) => dimParam || Number(dimValue ?? 0))
    if (tensor?.elemType === TensorProto.DataType.FLOAT && dims.length === axes && dims.at(-1) === last) continue
    const found = tensor ? `of element type ${tensor.elemType ?? 0} and shape [${dims.join(', ')}]` : 'missing'
    throw damaged(`its "${name}" is ${found} where tarsier-model.json asks for 32-bit floats with ${last} in the last place`)
  }
  if (values.length > expected.length) throw damaged('it has further inputs or outputs, which no tower has')
}
