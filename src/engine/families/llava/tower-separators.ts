import type { OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import type { FrameGraph } from './frame-graph.ts'
import { readTokenRow } from './token-row.ts'
import { type ClipTowerConfig, gridSide } from './tower-config.ts'

/**
 * Inserts Tarsier's separators into the rows of visual tokens [frames, tokens, width]: one after every row of the grid, one after the
 * frame. They are rows of the language model's embedding table, stored in the graph as in the checkpoint, so that they stay exact even if
 * the language model is quantized, and a frame is evaluated in one run.
 */
export async function writeSeparators(
  source: TensorSource,
  config: ClipTowerConfig,
  input: OnnxValueName,
  frames: FrameGraph,
  signal: AbortSignal,
): Promise<OnnxValueName> {
  const { rowSeparator, frameSeparator, width } = config
  const { graph } = frames
  const row = async (name: string, token: number, dims: readonly number[]) =>
    await frames.constant(name, dims, await readTokenRow(source, token, width, signal))
  let rows = input
  if (rowSeparator !== null) {
    const lines = frames.reshape(rows, frames.frames, -1, gridSide(config), width)
    const framesAndLines = graph.node('Slice', [graph.node('Shape', [lines]), graph.integers([0]), graph.integers([2])])
    const ends = frames.repeat(await row('row_separator', rowSeparator, [1, 1, 1, width]), framesAndLines, 1, width)
    rows = frames.reshape(frames.concat([lines, ends], 2), frames.frames, -1, width)
  }
  if (frameSeparator !== null) {
    const end = await row('frame_separator', frameSeparator, [1, 1, width])
    rows = frames.concat([rows, frames.repeat(end, frames.frames, 1, width)], 1)
  }
  return rows
}
