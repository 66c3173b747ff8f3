import { type CheckpointWeights, expectShape } from '../../formats/onnx/onnx-checkpoint-weights.ts'
import type { OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import type { FrameGraph } from './frame-graph.ts'
import { CHANNELS } from './tower-config.ts'
import type { ClipVisionConfig } from './vision-config.ts'

/**
 * Converts pixels to tokens: applies the patch convolution, as a matrix over a patch's values, prepends the class token and adds positions.
 * The class token's position is the same in every frame, so it is added to the token's weight.
 * @param prefix key prefix of the tower in the checkpoint
 * @returns [frames, 1 + patches, channels]
 */
export async function writeClipEmbeddings(
  source: TensorSource,
  prefix: string,
  vision: ClipVisionConfig,
  frames: FrameGraph,
  weights: CheckpointWeights,
): Promise<OnnxValueName> {
  const { hidden_size: channels, patch_size: patch, image_size: side } = vision
  const { graph } = frames
  const values = CHANNELS * patch * patch
  const places = (side / patch) ** 2
  const keys = {
    classToken: `${prefix}embeddings.class_embedding`,
    patch: `${prefix}embeddings.patch_embedding.weight`,
    position: `${prefix}embeddings.position_embedding.weight`,
  }
  expectShape(source, keys.classToken, [channels])
  expectShape(source, keys.patch, [channels, CHANNELS, patch, patch])
  expectShape(source, keys.position, [places + 1, channels])
  const positions = await source.floats(keys.position)
  const classToken = (await source.floats(keys.classToken)).map((value, i) => value + (positions[i] ?? 0))

  const matrix = await weights.computed('embeddings.patch_embedding', [channels, values], await source.floats(keys.patch))
  const projected = graph.node('Gemm', [frames.reshape(frames.pixels, -1, values), matrix], { attributes: { transB: 1 } })
  const table = await frames.constant('embeddings.position_embedding', [places, channels], positions.subarray(channels))
  const ofThese = graph.node('Slice', [table, graph.integers([0]), frames.patches])
  const placed = graph.node('Add', [frames.reshape(projected, frames.frames, -1, channels), ofThese])
  const first = await frames.constant('embeddings.class_embedding', [1, 1, channels], classToken)
  return frames.concat([frames.repeat(first, frames.frames, 1, channels), placed], 1)
}
