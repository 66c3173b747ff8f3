import type { Qwen3VlManifest, Qwen25VlManifest } from '../../shared/model-manifest.ts'
import type { GgufFile } from '../formats/gguf/gguf-file.ts'
import type { MmprojSettings } from './mmproj-settings.ts'
import { MERGE, rowsOf, SLICES } from './qwen-pair.ts'

/** Fields that the `vision_config` of Qwen2.5-VL and of Qwen3-VL have in common. */
interface SliceTowerConfig {
  readonly hidden_size: number
  readonly intermediate_size: number
  readonly num_heads: number
  readonly patch_size: number
  readonly temporal_patch_size: number
  readonly spatial_merge_size: number
}

type Vision = Qwen25VlManifest['vision'] | Qwen3VlManifest['vision']

/** The manifest's entries for such a tower, without the width of its rows and what only one of the families has. */
export function sliceTowerMetadata(
  config: SliceTowerConfig,
): Pick<Vision, 'patchSize' | 'mergeSize' | 'temporalPatchSize' | 'headSize' | 'heads' | 'feedForward'> {
  return {
    patchSize: config.patch_size,
    mergeSize: config.spatial_merge_size,
    temporalPatchSize: config.temporal_patch_size,
    headSize: config.hidden_size / config.num_heads,
    heads: config.num_heads,
    feedForward: config.intermediate_size,
  }
}

/**
 * These fields from an mmproj file, unchecked.
 * @param width that of the language model
 */
export function readSliceTower(gguf: GgufFile, settings: MmprojSettings, width: number): Readonly<Record<string, number | undefined>> {
  return {
    depth: settings.layers,
    hidden_size: settings.width,
    intermediate_size: rowsOf(gguf, 'v.blk.0.ffn_up.weight'),
    num_heads: settings.heads,
    out_hidden_size: width,
    patch_size: settings.patchSize,
    temporal_patch_size: SLICES,
    spatial_merge_size: settings.number('spatial_merge_size'),
  }
}

/**
 * These fields from the tower of an installed model that llama.cpp supports, unchecked.
 * @param sizes number of layers, and width of the layers and of the language model
 */
export function installedSliceTower(
  vision: Vision,
  { layers, channels, width }: { readonly layers: number; readonly channels: number; readonly width: number },
): Readonly<Record<string, number>> {
  return {
    depth: layers,
    hidden_size: channels,
    intermediate_size: vision.feedForward,
    num_heads: vision.heads,
    out_hidden_size: width,
    patch_size: vision.patchSize,
    temporal_patch_size: SLICES,
    spatial_merge_size: MERGE,
  }
}
