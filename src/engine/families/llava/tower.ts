import type { VisionPrecision } from '../../../shared/model-manifest.ts'
import type { TowerWriteOptions } from '../../checkpoint/model-parts.ts'
import { CheckpointWeights, matrixBytes } from '../../formats/onnx/onnx-checkpoint-weights.ts'
import { type GraphFiles, INSIDE_UP_TO_BYTES, MICROSOFT, OnnxGraphWriter, type OnnxValueName } from '../../formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { FrameGraph } from './frame-graph.ts'
import { CHANNELS, type ClipTowerConfig, clipPrefix, matrixElements } from './tower-config.ts'
import { writeClipEmbeddings } from './tower-embeddings.ts'
import { writeProjector } from './tower-projector.ts'
import { writeSeparators } from './tower-separators.ts'
import type { ClipVisionConfig } from './vision-config.ts'

const QUICK_GELU_ALPHA = 1.702

/**
 * Writes the CLIP tower and projector of a LLaVA checkpoint as ONNX: `pixels` [frames, patches, 3*patch*patch] → `embeddings` [frames,
 * rows, width], all f32. Patches are in row order; there may be fewer rows than in a whole image. Only layers up to the one whose output is
 * used are written.
 */
export async function writeClipTower(source: TensorSource, config: ClipTowerConfig, options: TowerWriteOptions): Promise<GraphFiles> {
  const { vision, layers, classToken, width } = config
  const { hidden_size: channels, layer_norm_eps: epsilon, patch_size: patch } = vision
  const { precision, signal } = options
  const prefix = clipPrefix(source, vision)
  const external = clipTowerBytes(config, precision) > INSIDE_UP_TO_BYTES
  const dataFile = external ? `${options.fileName}.data` : undefined
  const graph = new OnnxGraphWriter(options.directory, { dataFile, durable: options.durable })
  const elements = matrixElements(config)
  let before = 0
  let written = 0
  const weightsAt = (prefix: string) => {
    before = written
    const onWritten = (count: number) => {
      written = before + count
      options.onProgress?.(written / elements)
    }
    return new CheckpointWeights(source, graph, { precision, prefix, signal, onWritten })
  }
  try {
    const frames = new FrameGraph(graph, CHANNELS * patch ** 2)
    const weights = weightsAt(prefix)
    const tokens = await writeClipEmbeddings(source, prefix, vision, frames, weights)
    let x = await weights.layerNorm(frames.reshape(tokens, -1, channels), 'pre_layrnorm', channels, epsilon)
    for (let layer = 0; layer < layers; layer++) x = await writeLayer(x, `encoder.layers.${layer}`, vision, frames, weights)
    const all = frames.reshape(x, frames.frames, -1, channels)
    const taken = classToken ? all : withoutFirst(graph, all)
    const projected = await writeProjector(source, config, taken, frames, weightsAt)
    const rows = await writeSeparators(source, config, projected, frames, signal)
    graph.output(graph.node('Identity', [rows], { name: 'embeddings' }), 'f32', ['frames', 'rows', width])
    signal.throwIfAborted()
    return await graph.finish(options.fileName, 'clip-tower')
  } finally {
    await graph.close()
  }
}

/** Bytes of a tower's matrices, which are nearly all of its weights. */
export function clipTowerBytes(config: ClipTowerConfig, precision: VisionPrecision): number {
  return matrixBytes(matrixElements(config), precision)
}

/** One encoder layer over [frames*tokens, channels]: attention within a frame, then the feed-forward layers, each with a residual connection. */
async function writeLayer(
  x: OnnxValueName,
  key: string,
  vision: ClipVisionConfig,
  frames: FrameGraph,
  weights: CheckpointWeights,
): Promise<OnnxValueName> {
  const { hidden_size: channels, intermediate_size: hidden, num_attention_heads: heads, layer_norm_eps: epsilon } = vision
  const { graph } = frames
  const normed = await weights.layerNorm(x, `${key}.layer_norm1`, channels, epsilon)
  const projected: OnnxValueName[] = []
  for (const part of ['q', 'k', 'v']) {
    const values = await weights.linear(normed, `${key}.self_attn.${part}_proj`, channels, channels)
    projected.push(frames.reshape(values, frames.frames, -1, channels))
  }
  const attended = graph.node('MultiHeadAttention', projected, { domain: MICROSOFT, attributes: { num_heads: heads } })
  const out = await weights.linear(frames.reshape(attended, -1, channels), `${key}.self_attn.out_proj`, channels, channels)
  const seen = graph.node('Add', [x, out])
  const again = await weights.layerNorm(seen, `${key}.layer_norm2`, channels, epsilon)
  const active = activated(graph, await weights.linear(again, `${key}.mlp.fc1`, hidden, channels), vision.hidden_act)
  return graph.node('Add', [seen, await weights.linear(active, `${key}.mlp.fc2`, channels, hidden)])
}

function activated(graph: OnnxGraphWriter, input: OnnxValueName, activation: ClipVisionConfig['hidden_act']): OnnxValueName {
  if (activation === 'gelu') return graph.node('Gelu', [input], { domain: MICROSOFT })
  return graph.node('QuickGelu', [input], { domain: MICROSOFT, attributes: { alpha: { float: QUICK_GELU_ALPHA } } })
}

/** Removes the first token of each frame from [frames, tokens, channels]. */
function withoutFirst(graph: OnnxGraphWriter, input: OnnxValueName): OnnxValueName {
  const [first, end, axis] = [graph.integers([1]), graph.integers([Number.MAX_SAFE_INTEGER]), graph.integers([1])]
  return graph.node('Slice', [input, first, end, axis])
}
