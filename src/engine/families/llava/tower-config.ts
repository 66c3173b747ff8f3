import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import { expectLayers, prefixOf } from '../../checkpoint/tower-tensors.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import type { ClipVisionConfig } from './vision-config.ts'

/** Projector between tower and language model: two linear layers, two linear layers over 2×2 patches, or none. */
export type ProjectionHead = 'MLP' | 'Pixel_Shuffle' | 'none'

/** Config of a CLIP tower with LLaVA's projector, from either file format. */
export interface ClipTowerConfig {
  readonly vision: ClipVisionConfig
  /** Number of layers up to the one whose output is used; later layers are not written. */
  readonly layers: number
  /** Whether the class token's row is kept. */
  readonly classToken: boolean
  readonly projection: ProjectionHead
  /** Width of the output rows, which is the language model's. */
  readonly width: number
  /** Ids of the tokens whose embeddings are inserted after each row of visual tokens and after each frame; null if there is none. */
  readonly rowSeparator: number | null
  readonly frameSeparator: number | null
}

export const CHANNELS = 3
const TOWER_PREFIXES = ['vision_tower.vision_model.', 'model.vision_tower.vision_model.', 'vision_tower.', 'model.vision_tower.']
const PROJECTOR_PREFIXES = ['multi_modal_projector.', 'model.multi_modal_projector.']

/** Patches along each side of a visual token. */
export function mergeSizeOf({ projection }: ClipTowerConfig): number {
  return projection === 'Pixel_Shuffle' ? 2 : 1
}

/** Visual tokens along each side of a frame. */
export function gridSide(config: ClipTowerConfig): number {
  const { image_size, patch_size } = config.vision
  return image_size / patch_size / mergeSizeOf(config)
}

/** Manifest entries for such a tower. */
export function clipVisionMetadata(
  config: ClipTowerConfig,
): Pick<TarsierManifest['vision'], 'width' | 'patchSize' | 'mergeSize' | 'imageSize' | 'classToken' | 'rowSeparators' | 'frameSeparator'> {
  return {
    width: config.width,
    patchSize: config.vision.patch_size,
    mergeSize: mergeSizeOf(config),
    imageSize: config.vision.image_size,
    classToken: config.classToken,
    rowSeparators: config.rowSeparator !== null,
    frameSeparator: config.frameSeparator !== null,
  }
}

/** Number of elements in a tower's matrices, which are nearly all of its weights. */
export function matrixElements(config: ClipTowerConfig): number {
  const { vision, layers, projection, width } = config
  const { hidden_size: channels, intermediate_size: hidden, patch_size: patch } = vision
  const projector = projection === 'none' ? 0 : width * (channels * mergeSizeOf(config) ** 2 + width)
  return channels * CHANNELS * patch ** 2 + layers * channels * (4 * channels + 2 * hidden) + projector
}

/**
 * Returns the key prefix of the tower, which differs between published and newer checkpoints. Throws `model-unsupported`, and
 * `model-damaged` for a tower with a different number of layers.
 */
export function clipPrefix(source: TensorSource, { num_hidden_layers: layers }: ClipVisionConfig): string {
  const prefix = prefixOf(source, TOWER_PREFIXES, 'embeddings.patch_embedding.weight', 'CLIP vision tower')
  expectLayers(source, layers, `${prefix}encoder.layers.${layers}.layer_norm1.weight`)
  return prefix
}

/** Key prefix of the projector. */
export function projectorPrefix(source: TensorSource, firstKey: string): string {
  return prefixOf(source, PROJECTOR_PREFIXES, firstKey, 'projector of this kind')
}
