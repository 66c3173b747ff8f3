import { TarsierError } from '../../shared/errors.ts'
import { expectShape } from '../formats/onnx/onnx-checkpoint-weights.ts'
import type { TensorSource } from '../formats/tensor-source.ts'

/**
 * Returns the first of the prefixes with which the checkpoint has the tensor `key`; published and newer checkpoints differ. Throws `model-unsupported` if
 * there is none.
 * @param what what the tensor belongs to, for the error message
 */
export function prefixOf(source: TensorSource, prefixes: readonly string[], key: string, what: string): string {
  const prefix = prefixes.find((candidate) => source.has(candidate + key))
  if (prefix !== undefined) return prefix
  throw new TarsierError(
    'model-unsupported',
    `The checkpoint contains no ${what}: there is no tensor "${key}" with any of the prefixes ${prefixes.join(', ')}.`,
  )
}

/**
 * Throws `model-damaged` if a tower has more layers than its config says.
 * @param beyond name of a tensor of the layer after the last one
 */
export function expectLayers(source: TensorSource, layers: number, beyond: string): void {
  if (!source.has(beyond)) return
  throw new TarsierError(
    'model-damaged',
    `The vision tower has more layers than the ${layers} in config.json. Download the checkpoint again.`,
  )
}

const COLOURS = 3

/** Sizes of a patch convolution. */
export interface PatchWeightSizes {
  readonly channels: number
  readonly temporal_patch_size: number
  readonly patch_size: number
}

/** Returns Conv3d's weight [channels, 3, time, patch, patch] as [channels, time, 3, patch, patch], in the order of the pixels. */
export async function imageFirst(source: TensorSource, key: string, sizes: PatchWeightSizes): Promise<Float32Array> {
  const { channels, temporal_patch_size: images, patch_size: patch } = sizes
  expectShape(source, key, [channels, COLOURS, images, patch, patch])
  const weight = await source.floats(key)
  const area = patch * patch
  const turned = new Float32Array(weight.length)
  let at = 0
  for (let channel = 0; channel < channels; channel++) {
    for (let image = 0; image < images; image++) {
      for (let colour = 0; colour < COLOURS; colour++, at += area) {
        const from = ((channel * COLOURS + colour) * images + image) * area
        turned.set(weight.subarray(from, from + area), at)
      }
    }
  }
  return turned
}
