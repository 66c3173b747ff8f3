import type { VisionPrecision } from '../../../shared/model-manifest.ts'
import type { TowerWriteOptions } from '../../checkpoint/model-parts.ts'
import { openTowerGraph } from '../../checkpoint/tower-graph.ts'
import { expectLayers, imageFirst, prefixOf } from '../../checkpoint/tower-tensors.ts'
import { matrixBytes } from '../../formats/onnx/onnx-checkpoint-weights.ts'
import { type GraphFiles, MICROSOFT } from '../../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { AttentionNodes } from './tower-attention.ts'
import { type Qwen25VlVisionConfig, windowPatches } from './vision-config.ts'

const PREFIXES = ['visual.', 'model.visual.']
const CHANNELS = 3
export const RMS_NORM_EPSILON = 1e-6
/** Name of the patch convolution's weight. */
export const PATCH_MATRIX = 'patch_embed'
/** With this factor, QuickGelu is SiLU. */
const SILU_ALPHA = 1

/**
 * Writes the vision tower of a Qwen2.5-VL checkpoint as ONNX:
 * `pixels` [slices, patches, time*3*patch*patch], `cos` and `sin` [patches, headSize/2], `windows` [windows, patches of a window], `places` [patches, 1] →
 * `embeddings` [slices, patches/merge², width], all f32. The windows are as in `windows.ts`.
 *
 * Patches are in merged order. Attention stays within a slice, which is the batch axis, and in most layers within a window of it. All linear layers run
 * on [slices*patches, channels], because Gemm uses the checkpoint's weights without transposing them and adds the bias.
 */
export async function writeQwen25VlTower(
  source: TensorSource,
  config: Qwen25VlVisionConfig,
  options: TowerWriteOptions,
): Promise<GraphFiles> {
  const prefix = prefixOf(source, PREFIXES, 'patch_embed.proj.weight', 'Qwen2.5-VL vision tower')
  expectLayers(source, config.depth, `${prefix}blocks.${config.depth}.norm1.weight`)
  const { hidden_size: channels, num_heads: heads, intermediate_size: hidden, out_hidden_size: width } = config
  const headSize = channels / heads
  const merged = channels * config.spatial_merge_size ** 2
  const values = config.temporal_patch_size * CHANNELS * config.patch_size ** 2
  const { graph, weights } = openTowerGraph(source, options, prefix, matrixElements(config))
  const norm = (input: string, key: string) => weights.rmsNorm(input, key, channels, RMS_NORM_EPSILON)
  try {
    const pixels = graph.input('pixels', 'f32', ['slices', 'patches', values])
    const cos = graph.input('cos', 'f32', ['patches', headSize / 2])
    const sin = graph.input('sin', 'f32', ['patches', headSize / 2])
    const windows = graph.input('windows', 'f32', ['windows', windowPatches(config) ** 2])
    const places = graph.input('places', 'f32', ['patches', 1])
    const slicesAndPatches = graph.node('Slice', [graph.node('Shape', [pixels]), graph.integers([0]), graph.integers([2])])
    const sizes = { channels, heads, area: windowPatches(config) ** 2 }
    const attention = await AttentionNodes.write(graph, { slicesAndPatches, cos, sin, windows, places }, sizes)
    const flat = graph.integers([-1, channels])

    const patchWeight = await imageFirst(source, `${prefix}patch_embed.proj.weight`, { ...config, channels })
    const patchMatrix = await weights.computed(PATCH_MATRIX, [channels, values], patchWeight)
    const flatPixels = graph.node('Reshape', [pixels, graph.integers([-1, values])])
    let x = graph.node('Gemm', [flatPixels, patchMatrix], { attributes: { transB: 1 } })
    for (let block = 0; block < config.depth; block++) {
      const key = `blocks.${block}`
      const normed = await norm(x, `${key}.norm1`)
      const [q = '', k = '', v = ''] = await weights.linears(normed, `${key}.attn.qkv`, channels, channels, 3)
      const whole = config.fullatt_block_indexes.includes(block)
      const attended = graph.node('Reshape', [whole ? attention.whole(q, k, v) : attention.windowed(q, k, v), flat])
      x = graph.node('Add', [x, await weights.linear(attended, `${key}.attn.proj`, channels, channels)])
      const again = await norm(x, `${key}.norm2`)
      const gate = await weights.linear(again, `${key}.mlp.gate_proj`, hidden, channels)
      const up = await weights.linear(again, `${key}.mlp.up_proj`, hidden, channels)
      const active = graph.node('QuickGelu', [gate], { domain: MICROSOFT, attributes: { alpha: { float: SILU_ALPHA } } })
      const gated = graph.node('Mul', [active, up])
      x = graph.node('Add', [x, await weights.linear(gated, `${key}.mlp.down_proj`, channels, hidden)])
    }
    const normed = await norm(x, 'merger.ln_q')
    // In merged order the patches of a token are adjacent.
    const grouped = graph.node('Reshape', [normed, graph.integers([-1, merged])])
    const inner = graph.node('Gelu', [await weights.linear(grouped, 'merger.mlp.0', merged, merged)], { domain: MICROSOFT })
    const rows = await weights.linear(inner, 'merger.mlp.2', width, merged)
    const slices = graph.node('Slice', [slicesAndPatches, graph.integers([0]), graph.integers([1])])
    const shape = graph.node('Concat', [slices, graph.integers([-1, width])], { attributes: { axis: 0 } })
    graph.output(graph.node('Reshape', [rows, shape], { name: 'embeddings' }), 'f32', ['slices', 'tokens', width])
    options.signal.throwIfAborted()
    return await graph.finish(options.fileName, 'qwen2.5-vl-tower')
  } finally {
    await graph.close()
  }
}

/** Bytes of a tower's matrices, which are nearly all of its weights. */
export function towerBytes(config: Qwen25VlVisionConfig, precision: VisionPrecision): number {
  return matrixBytes(matrixElements(config), precision)
}

function matrixElements({ hidden_size: channels, intermediate_size: hidden, ...config }: Qwen25VlVisionConfig): number {
  const merged = channels * config.spatial_merge_size ** 2
  const patches = channels * config.temporal_patch_size * CHANNELS * config.patch_size ** 2
  return patches + config.depth * channels * (4 * channels + 3 * hidden) + merged * (merged + config.out_hidden_size)
}
