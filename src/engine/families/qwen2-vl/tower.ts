import type { VisionPrecision } from '../../../shared/model-manifest.ts'
import type { TowerWriteOptions } from '../../checkpoint/model-parts.ts'
import { openTowerGraph } from '../../checkpoint/tower-graph.ts'
import { expectLayers, prefixOf } from '../../checkpoint/tower-tensors.ts'
import { expectShape, matrixBytes } from '../../formats/onnx/onnx-checkpoint-weights.ts'
import { type GraphFiles, MICROSOFT, type OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import type { Qwen2VlVisionConfig } from './vision-config.ts'

const PREFIXES = ['visual.', 'model.visual.', 'vision_tower.']
const CHANNELS = 3
export const LAYER_NORM_EPSILON = 1e-6
/** Name of the patch convolution's weight, summed over time. */
export const PATCH_MATRIX = 'patch_embed'
const QUICK_GELU_ALPHA = 1.702

/**
 * Writes the vision tower of a Qwen2-VL checkpoint as ONNX:
 * `pixels` [frames, patches, 3*patch*patch], `cos` and `sin` [patches, headSize/2] → `embeddings` [frames, patches/merge², width], all f32.
 *
 * Patches are in merged order, and each frame is one image. The original model receives every frame twice, so the temporal slices of the
 * patch convolution are summed here. Attention stays within a frame, which is the batch axis. All linear layers run on [frames*patches,
 * channels], because Gemm uses the checkpoint's weights without transposing them and adds the bias.
 */
export async function writeQwen2VlTower(
  source: TensorSource,
  config: Qwen2VlVisionConfig,
  options: TowerWriteOptions,
): Promise<GraphFiles> {
  const prefix = prefixOf(source, PREFIXES, 'patch_embed.proj.weight', 'Qwen2-VL vision tower')
  expectLayers(source, config.depth, `${prefix}blocks.${config.depth}.norm1.weight`)
  const { embed_dim: channels, num_heads: heads, hidden_size: width, patch_size: patch } = config
  const headSize = channels / heads
  const hidden = channels * config.mlp_ratio
  const merged = channels * config.spatial_merge_size ** 2
  const values = CHANNELS * patch * patch
  const { graph, weights } = openTowerGraph(source, options, prefix, matrixElements(config))
  try {
    const pixels = graph.input('pixels', 'f32', ['frames', 'patches', values])
    const cos = graph.input('cos', 'f32', ['patches', headSize / 2])
    const sin = graph.input('sin', 'f32', ['patches', headSize / 2])
    const framesAndPatches = graph.node('Slice', [graph.node('Shape', [pixels]), graph.integers([0]), graph.integers([2])])
    const byFrame = graph.node('Concat', [framesAndPatches, graph.integers([channels])], { attributes: { axis: 0 } })
    const flat = graph.integers([-1, channels])
    const firstPosition = graph.integers([0])
    const fused = { domain: MICROSOFT, attributes: { num_heads: heads } }
    const rotate = (input: OnnxValueName) => graph.node('RotaryEmbedding', [input, firstPosition, cos, sin], fused)

    const patchWeight = await foldedPatchWeight(source, `${prefix}patch_embed.proj.weight`, config)
    const patchMatrix = await weights.computed(PATCH_MATRIX, [channels, values], patchWeight)
    const flatPixels = graph.node('Reshape', [pixels, graph.integers([-1, values])])
    let x = graph.node('Gemm', [flatPixels, patchMatrix], { attributes: { transB: 1 } })
    for (let block = 0; block < config.depth; block++) {
      const key = `blocks.${block}`
      const normed = await weights.layerNorm(x, `${key}.norm1`, channels, LAYER_NORM_EPSILON)
      const projected = await weights.linears(normed, `${key}.attn.qkv`, channels, channels, 3)
      const [q = '', k = '', v = ''] = projected.map((part) => graph.node('Reshape', [part, byFrame]))
      const attended = graph.node('Reshape', [graph.node('MultiHeadAttention', [rotate(q), rotate(k), v], fused), flat])
      x = graph.node('Add', [x, await weights.linear(attended, `${key}.attn.proj`, channels, channels)])
      const again = await weights.layerNorm(x, `${key}.norm2`, channels, LAYER_NORM_EPSILON)
      const up = await weights.linear(again, `${key}.mlp.fc1`, hidden, channels)
      const active = graph.node('QuickGelu', [up], { domain: MICROSOFT, attributes: { alpha: { float: QUICK_GELU_ALPHA } } })
      x = graph.node('Add', [x, await weights.linear(active, `${key}.mlp.fc2`, channels, hidden)])
    }
    const normed = await weights.layerNorm(x, 'merger.ln_q', channels, LAYER_NORM_EPSILON)
    // In merged order the patches of a token are adjacent.
    const grouped = graph.node('Reshape', [normed, graph.integers([-1, merged])])
    const inner = graph.node('Gelu', [await weights.linear(grouped, 'merger.mlp.0', merged, merged)], { domain: MICROSOFT })
    const rows = await weights.linear(inner, 'merger.mlp.2', width, merged)
    const frames = graph.node('Slice', [framesAndPatches, graph.integers([0]), graph.integers([1])])
    const shape = graph.node('Concat', [frames, graph.integers([-1, width])], { attributes: { axis: 0 } })
    graph.output(graph.node('Reshape', [rows, shape], { name: 'embeddings' }), 'f32', ['frames', 'tokens', width])
    options.signal.throwIfAborted()
    return await graph.finish(options.fileName, 'qwen2-vl-tower')
  } finally {
    await graph.close()
  }
}

/** Bytes of a tower's matrices, which are nearly all of its weights. */
export function towerBytes(config: Qwen2VlVisionConfig, precision: VisionPrecision): number {
  return matrixBytes(matrixElements(config), precision)
}

function matrixElements({ embed_dim: channels, ...config }: Qwen2VlVisionConfig): number {
  const hidden = channels * config.mlp_ratio
  const merged = channels * config.spatial_merge_size ** 2
  const patches = channels * CHANNELS * config.patch_size ** 2
  return patches + config.depth * channels * (4 * channels + 2 * hidden) + merged * (merged + config.hidden_size)
}

/** Sums Conv3d's weight [channels, 3, time, patch, patch] over time. */
async function foldedPatchWeight(source: TensorSource, key: string, config: Qwen2VlVisionConfig): Promise<Float32Array> {
  const { embed_dim: channels, temporal_patch_size: slices, patch_size: patch } = config
  expectShape(source, key, [channels, CHANNELS, slices, patch, patch])
  const weight = await source.floats(key)
  const area = patch * patch
  const folded = new Float32Array(channels * CHANNELS * area)
  for (let plane = 0; plane < channels * CHANNELS; plane++) {
    for (let i = 0; i < area; i++) {
      let sum = 0
      for (let slice = 0; slice < slices; slice++) sum += weight[(plane * slices + slice) * area + i] ?? 0
      folded[plane * area + i] = sum
    }
  }
  return folded
}
