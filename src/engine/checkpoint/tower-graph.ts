import { CheckpointWeights, matrixBytes } from '../formats/onnx/onnx-checkpoint-weights.ts'
import { INSIDE_UP_TO_BYTES, OnnxGraphWriter } from '../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../formats/tensor-source.ts'
import type { TowerWriteOptions } from './model-parts.ts'

/** A tower's graph that is being written, and the checkpoint's tensors for it. */
export interface TowerGraph {
  readonly graph: OnnxGraphWriter
  readonly weights: CheckpointWeights
}

/**
 * Opens the graph of a tower, with a weights file beside it if it would be too large without.
 * @param prefix of the tower's keys in the checkpoint
 * @param elements number of elements of all matrices, for the progress and the size
 */
export function openTowerGraph(source: TensorSource, options: TowerWriteOptions, prefix: string, elements: number): TowerGraph {
  const { precision, directory, durable, signal } = options
  const external = matrixBytes(elements, precision) > INSIDE_UP_TO_BYTES
  const graph = new OnnxGraphWriter(directory, { dataFile: external ? `${options.fileName}.data` : undefined, durable })
  const onWritten = (written: number) => options.onProgress?.(written / elements)
  return { graph, weights: new CheckpointWeights(source, graph, { precision, prefix, signal, onWritten }) }
}
