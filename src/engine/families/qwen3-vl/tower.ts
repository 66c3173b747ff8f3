import type { VisionPrecision } from '../../../shared/model-manifest.ts'
import type { TowerWriteOptions } from '../../checkpoint/model-parts.ts'
import { openTowerGraph } from '../../checkpoint/tower-graph.ts'
import { expectLayers, imageFirst, prefixOf } from '../../checkpoint/tower-tensors.ts'
import { type CheckpointWeights, expectShape, matrixBytes } from '../../formats/onnx/onnx-checkpoint-weights.ts'
import { type GraphFiles, MICROSOFT, type OnnxGraphWriter, type OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { CORNERS } from './learned-positions.ts'
import { type Qwen3VlVisionConfig, rowWidth } from './vision-config.ts'

const PREFIXES = ['model.visual.', 'visual.']
const CHANNELS = 3
export const LAYER_NORM_EPSILON = 1e-6
/** Names of weights that are not stored as in a checkpoint: of the patch convolution, and of the learned positions. */
export const PATCH_MATRIX = 'patch_embed'
export const POSITIONS = 'pos_embed'
/** TensorProto's number for 64-bit integers, for Cast. */
const TO_I64 = 7

/**
 * Writes the vision tower of a Qwen3-VL checkpoint as ONNX:
 * `pixels` [slices, patches, time*3*patch*patch], `cos` and `sin` [patches, headSize/2], `corners` and `shares` [patches, 4] → `embeddings` [slices,
 * patches/merge², width], all f32. The corners are as in `learned-positions.ts`. A row is the embedding of a token, followed by those that are merged from
 * the results of earlier layers.
 *
 * Patches are in merged order. Attention stays within a slice, which is the batch axis. All linear layers run on [slices*patches, channels], because Gemm
 * uses the checkpoint's weights without transposing them and adds the bias.
 */
export async function writeQwen3VlTower(
  source: TensorSource,
  config: Qwen3VlVisionConfig,
  options: TowerWriteOptions,
): Promise<GraphFiles> {
  const prefix = prefixOf(source, PREFIXES, 'patch_embed.proj.weight', 'Qwen3-VL vision tower')
  const { hidden_size: channels, num_heads: heads, intermediate_size: hidden, deepstack_visual_indexes: deepstack } = config
  expectLayers(source, config.depth, `${prefix}blocks.${config.depth}.norm1.weight`)
  expectLayers(source, config.depth, `${prefix}deepstack_merger_list.${deepstack.length}.norm.weight`)
  const headSize = channels / heads
  const values = config.temporal_patch_size * CHANNELS * config.patch_size ** 2
  const { graph, weights } = openTowerGraph(source, options, prefix, matrixElements(config))
  const norm = (input: OnnxValueName, key: string) => weights.layerNorm(input, key, channels, LAYER_NORM_EPSILON)
  try {
    const pixels = graph.input('pixels', 'f32', ['slices', 'patches', values])
    const cos = graph.input('cos', 'f32', ['patches', headSize / 2])
    const sin = graph.input('sin', 'f32', ['patches', headSize / 2])
    const corners = graph.input('corners', 'f32', ['patches', CORNERS])
    const shares = graph.input('shares', 'f32', ['patches', CORNERS])
    const slicesAndPatches = graph.node('Slice', [graph.node('Shape', [pixels]), graph.integers([0]), graph.integers([2])])
    const bySlice = graph.node('Concat', [slicesAndPatches, graph.integers([channels])], { attributes: { axis: 0 } })
    const flat = graph.integers([-1, channels])
    const firstPosition = graph.integers([0])
    const fused = { domain: MICROSOFT, attributes: { num_heads: heads } }
    const rotate = (input: OnnxValueName) => graph.node('RotaryEmbedding', [input, firstPosition, cos, sin], fused)

    const patchWeight = await imageFirst(source, `${prefix}patch_embed.proj.weight`, { ...config, channels })
    const patchMatrix = await weights.computed(PATCH_MATRIX, [channels, values], patchWeight)
    const [patchBias = ''] = await weights.vectors('patch_embed.proj.bias', channels, 1)
    const flatPixels = graph.node('Reshape', [pixels, graph.integers([-1, values])])
    const embedded = graph.node('Gemm', [flatPixels, patchMatrix, patchBias], { attributes: { transB: 1 } })
    const positions = await stretchedPositions(source, graph, weights, { corners, shares, prefix, config })
    const placed = graph.node('Add', [graph.node('Reshape', [embedded, bySlice]), positions])
    let x = graph.node('Reshape', [placed, flat])
    const further: OnnxValueName[] = []
    for (let block = 0; block < config.depth; block++) {
      const key = `blocks.${block}`
      const projected = await weights.linears(await norm(x, `${key}.norm1`), `${key}.attn.qkv`, channels, channels, 3)
      const [q = '', k = '', v = ''] = projected.map((part) => graph.node('Reshape', [part, bySlice]))
      const attended = graph.node('Reshape', [graph.node('MultiHeadAttention', [rotate(q), rotate(k), v], fused), flat])
      x = graph.node('Add', [x, await weights.linear(attended, `${key}.attn.proj`, channels, channels)])
      const up = await weights.linear(await norm(x, `${key}.norm2`), `${key}.mlp.linear_fc1`, hidden, channels)
      const active = graph.node('FastGelu', [up], { domain: MICROSOFT })
      x = graph.node('Add', [x, await weights.linear(active, `${key}.mlp.linear_fc2`, channels, hidden)])
      if (deepstack.includes(block))
        further.push(await merged(graph, weights, x, { key: `deepstack_merger_list.${further.length}`, config }))
    }
    const rows = await merged(graph, weights, await norm(x, 'merger.norm'), { key: 'merger', config, normed: true })
    const all = further.length === 0 ? rows : graph.node('Concat', [rows, ...further], { attributes: { axis: 1 } })
    const slices = graph.node('Slice', [slicesAndPatches, graph.integers([0]), graph.integers([1])])
    const shape = graph.node('Concat', [slices, graph.integers([-1, rowWidth(config)])], { attributes: { axis: 0 } })
    graph.output(graph.node('Reshape', [all, shape], { name: 'embeddings' }), 'f32', ['slices', 'tokens', rowWidth(config)])
    options.signal.throwIfAborted()
    return await graph.finish(options.fileName, 'qwen3-vl-tower')
  } finally {
    await graph.close()
  }
}

/** The learned position of each patch [patches, channels], from those around it. */
async function stretchedPositions(
  source: TensorSource,
  graph: OnnxGraphWriter,
  weights: CheckpointWeights,
  { corners, shares, prefix, config }: { corners: OnnxValueName; shares: OnnxValueName; prefix: string; config: Qwen3VlVisionConfig },
): Promise<OnnxValueName> {
  const { num_position_embeddings: count, hidden_size: channels } = config
  const key = `${prefix}pos_embed.weight`
  expectShape(source, key, [count, channels])
  const table = await weights.computed(POSITIONS, [count, channels], await source.floats(key))
  const numbers = graph.node('Cast', [corners], { attributes: { to: TO_I64 } })
  const around = graph.node('Gather', [table, numbers], { attributes: { axis: 0 } })
  const sums = graph.node('MatMul', [graph.node('Reshape', [shares, graph.integers([-1, 1, CORNERS])]), around])
  return graph.node('Reshape', [sums, graph.integers([-1, channels])])
}

/** Merges the patches of a token, which are adjacent in merged order: [tokens, width]. Mergers of earlier layers normalize them together. */
async function merged(
  graph: OnnxGraphWriter,
  weights: CheckpointWeights,
  input: OnnxValueName,
  { key, config, normed = false }: { key: string; config: Qwen3VlVisionConfig; normed?: boolean },
): Promise<OnnxValueName> {
  const size = mergedSize(config)
  const grouped = graph.node('Reshape', [input, graph.integers([-1, size])])
  const ready = normed ? grouped : await weights.layerNorm(grouped, `${key}.norm`, size, LAYER_NORM_EPSILON)
  const inner = graph.node('Gelu', [await weights.linear(ready, `${key}.linear_fc1`, size, size)], { domain: MICROSOFT })
  return await weights.linear(inner, `${key}.linear_fc2`, config.out_hidden_size, size)
}

/** Bytes of a tower's matrices, which are nearly all of its weights. */
export function towerBytes(config: Qwen3VlVisionConfig, precision: VisionPrecision): number {
  return matrixBytes(matrixElements(config), precision)
}

function matrixElements(config: Qwen3VlVisionConfig): number {
  const { hidden_size: channels, intermediate_size: hidden, out_hidden_size: width } = config
  const size = mergedSize(config)
  const patches = channels * config.temporal_patch_size * CHANNELS * config.patch_size ** 2
  const mergers = (1 + config.deepstack_visual_indexes.length) * size * (size + width)
  return patches + config.num_position_embeddings * channels + config.depth * channels * (4 * channels + 2 * hidden) + mergers
}

function mergedSize({ hidden_size: channels, spatial_merge_size: merge }: Qwen3VlVisionConfig): number {
  return channels * merge ** 2
}
