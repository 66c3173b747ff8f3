import onnxProto from 'onnx-proto'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { damaged, type Graph } from './tower-files.ts'
import type { GraphValue, TowerForm } from './tower-form.ts'

const { TensorProto } = onnxProto.onnx

/** Throws `model-damaged` if a tower's graph does not match its manifest. Loads no weights. */
export function expectGraphFits(
  graph: Graph,
  { vision }: ModelManifest,
  { framesPerSlice, graphInputs, learnedPositions }: TowerForm,
): void {
  expectValues(graph.input ?? [], [{ name: 'pixels', axes: 3, last: framesPerSlice * 3 * vision.patchSize ** 2 }, ...graphInputs])
  expectValues(graph.output ?? [], [{ name: 'embeddings', axes: 3, last: vision.width }])
  if (learnedPositions) {
    const { name, side } = learnedPositions
    const positions = Number(graph.initializer?.find((tensor) => tensor.name === name)?.dims?.[0] ?? Number.NaN)
    if (positions !== side ** 2)
      throw damaged(`its graph has positions for ${positions} patches, but tarsier-model.json defines ${side} × ${side} patches`)
  }
}

function expectValues(values: NonNullable<Graph['input']>, expected: readonly GraphValue[]): void {
  for (const { name, axes, last } of expected) {
    const tensor = values.find((value) => value.name === name)?.type?.tensorType
    const dims = (tensor?.shape?.dim ?? []).map(({ dimParam, dimValue }) => dimParam || Number(dimValue ?? 0))
    if (tensor?.elemType === TensorProto.DataType.FLOAT && dims.length === axes && dims.at(-1) === last) continue
    const found = tensor ? `of element type ${tensor.elemType ?? 0} and shape [${dims.join(', ')}]` : 'missing'
    throw damaged(`its "${name}" is ${found}, but tarsier-model.json requires 32-bit floats with ${last} as the last dimension`)
  }
  if (values.length > expected.length) throw damaged('it has additional inputs or outputs')
}
