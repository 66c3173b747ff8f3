import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { TarsierError } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'

const { ModelProto, TensorProto } = onnxProto.onnx

/** Larger than any valid graph, because the exporter writes weights above 64 MiB to a separate file. */
const MAX_GRAPH_BYTES = 256 * 1024 * 1024
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  [TensorProto.DataType.FLOAT]: 4,
  [TensorProto.DataType.FLOAT16]: 2,
  [TensorProto.DataType.INT64]: 8,
  [TensorProto.DataType.UINT8]: 1,
  [TensorProto.DataType.INT8]: 1,
}

export type Graph = NonNullable<InstanceType<typeof ModelProto>['graph']>
type Tensor = NonNullable<Graph['initializer']>[number]

/**
 * Validates a tower's files before ONNX Runtime loads them: regular files of the sizes in the manifest, and a graph that reads only the
 * weights file next to it, within its size. Returns the graph and its path; throws `model-damaged` otherwise.
 */
export async function checkTowerFiles(
  directory: string,
  vision: ModelManifest['vision'],
): Promise<{ readonly path: string; readonly graph: Graph }> {
  const path = join(directory, vision.file)
  await expectFile(path, vision.file, vision.bytes)
  if (vision.data) await expectFile(join(directory, vision.data.file), vision.data.file, vision.data.bytes)
  if (vision.bytes > MAX_GRAPH_BYTES) throw damaged(`${vision.file} is too large for a graph`)
  const graph = decodeGraph(await readFile(path), vision.file)
  if (graph.sparseInitializer?.length) throw damaged(`${vision.file} contains sparse tensors, which are not supported`)
  for (const node of graph.node ?? []) {
    for (const { t, g, tensors, graphs, sparseTensor, sparseTensors } of node.attribute ?? []) {
      const nested = t ?? g ?? sparseTensor ?? tensors?.[0] ?? graphs?.[0] ?? sparseTensors?.[0]
      if (nested) throw damaged(`the operator ${node.opType} in ${vision.file} contains a graph or a tensor, which is not supported`)
    }
  }
  const names = new Set<string>()
  for (const tensor of graph.initializer ?? []) {
    checkTensor(tensor, vision)
    if (names.has(tensor.name ?? '')) throw damaged(`${vision.file} contains the tensor "${tensor.name}" twice`)
    names.add(tensor.name ?? '')
  }
  return { path, graph }
}

function decodeGraph(bytes: Uint8Array, name: string): Graph {
  let model: InstanceType<typeof ModelProto>
  try {
    model = ModelProto.decode(bytes)
  } catch (error) {
    throw damaged(`${name} is not an ONNX graph`, error)
  }
  if (!model.graph) throw damaged(`${name} contains no graph`)
  if (model.functions.length > 0 || model.trainingInfo.length > 0) throw damaged(`${name} contains functions, which are not supported`)
  return model.graph
}

function checkTensor(tensor: Tensor, vision: ModelManifest['vision']): void {
  const name = `the tensor "${tensor.name}" in ${vision.file}`
  const size = ELEMENT_BYTES[tensor.dataType ?? 0]
  if (size === undefined) throw damaged(`${name} has an unsupported element type`)
  const bytes = (tensor.dims ?? []).map(Number).reduce((product, dim) => product * dim, size)
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw damaged(`${name} has an invalid shape`)
  const external = tensor.externalData ?? []
  if (tensor.dataLocation !== TensorProto.DataLocation.EXTERNAL && external.length === 0) {
    if (tensor.rawData?.byteLength !== bytes) throw damaged(`the size of ${name} does not match its shape`)
    return
  }
  // With duplicate keys, ONNX Runtime might read another entry than this check.
  if (new Set(external.map(({ key }) => key)).size < external.length) throw damaged(`${name} defines the location of its values twice`)
  const entry = (key: string) => external.find((candidate) => candidate.key === key)?.value ?? ''
  if (!vision.data || entry('location') !== vision.data.file) throw damaged(`${name} is stored outside the files of the model`)
  const offset = wholeNumber(entry('offset'))
  const length = wholeNumber(entry('length'))
  if (offset === null || length !== bytes || offset + length > vision.data.bytes)
    throw damaged(`${name} extends beyond the end of ${vision.data.file}`)
}

function wholeNumber(text: string): number | null {
  const value = Number(text)
  return /^\d{1,15}$/.test(text) && Number.isSafeInteger(value) ? value : null
}

async function expectFile(path: string, name: string, bytes: number): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw damaged(`${name} is missing`, error)
  })
  if (!stats.isFile()) throw damaged(`${name} is not a plain file`)
  if (stats.size !== bytes) throw damaged(`${name} has ${stats.size} bytes instead of ${bytes}`)
}

/** The `model-damaged` error of a vision tower. `what` is a clause without its full stop. */
export function damaged(what: string, cause?: unknown): TarsierError {
  return new TarsierError('model-damaged', `The vision tower is damaged: ${what}. Import or download the model again.`, { cause })
}
