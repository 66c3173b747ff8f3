import { assertNever } from '../../../shared/errors.ts'
import type { CheckpointWeights } from '../../formats/onnx/onnx-checkpoint-weights.ts'
import { MICROSOFT, type OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import type { FrameGraph } from './frame-graph.ts'
import { type ClipTowerConfig, gridSide, projectorPrefix } from './tower-config.ts'

/** Default of PyTorch, used by Pixel_Shuffle's layer norm. */
const EPSILON = 1e-5
/** Patches along each side of a Pixel_Shuffle token. */
const SHUFFLED = 2

/**
 * Applies the projector to the tower's rows [frames, tokens, channels]; the result is [frames, tokens, width]. Pixel_Shuffle first
 * concatenates the values of 2×2 neighbouring patches, row by row.
 * @param weightsAt returns the checkpoint's weights for a key prefix
 */
export async function writeProjector(
  source: TensorSource,
  config: ClipTowerConfig,
  input: OnnxValueName,
  frames: FrameGraph,
  weightsAt: (prefix: string) => CheckpointWeights,
): Promise<OnnxValueName> {
  const { projection, vision, width } = config
  const channels = vision.hidden_size
  const { graph } = frames
  const linears = async (weights: CheckpointWeights, rows: OnnxValueName, columns: number, first: string, second: string) => {
    const inner = graph.node('Gelu', [await weights.linear(rows, first, width, columns)], { domain: MICROSOFT })
    return frames.reshape(await weights.linear(inner, second, width, width), frames.frames, -1, width)
  }
  switch (projection) {
    case 'none':
      return input
    case 'MLP': {
      const weights = weightsAt(projectorPrefix(source, 'linear_1.weight'))
      return await linears(weights, frames.reshape(input, -1, channels), channels, 'linear_1', 'linear_2')
    }
    case 'Pixel_Shuffle': {
      const weights = weightsAt(projectorPrefix(source, 'mlp.1.weight'))
      const merged = channels * SHUFFLED ** 2
      const blocks = frames.reshape(input, -1, SHUFFLED, gridSide(config), SHUFFLED, channels)
      const cells = frames.reshape(graph.node('Transpose', [blocks], { attributes: { perm: [0, 2, 1, 3, 4] } }), -1, merged)
      return await linears(weights, await weights.layerNorm(cells, 'mlp.0', merged, EPSILON), merged, 'mlp.1', 'mlp.3')
    }
    default:
      return assertNever(projection, 'projection head')
  }
}
