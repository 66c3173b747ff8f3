import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { BICUBIC, CLIP_MEAN, CLIP_STD, type ProcessorPlace, readProcessor } from './processor-settings.ts'

/** Qwen2-VL's defaults, which are also Qwen2.5-VL's, for checkpoints without these settings. */
export const DEFAULT_MIN_PIXELS = 56 * 56
export const DEFAULT_MAX_PIXELS = 28 * 28 * 16384

const pixels = z.int().min(0)
const triple = z.tuple([z.number(), z.number(), z.number()])
const processorSchema = z.object({
  min_pixels: pixels.nullish(),
  max_pixels: pixels.positive().nullish(),
  /** Location of the limits in newer files. */
  size: z.object({ shortest_edge: pixels.nullish(), longest_edge: pixels.positive().nullish() }).nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
  rescale_factor: z.number().nullish(),
  resample: z.int().nullish(),
  patch_size: z.int().nullish(),
  merge_size: z.int().nullish(),
  temporal_patch_size: z.int().nullish(),
  do_resize: z.boolean().nullish(),
  do_rescale: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
})

/** Sizes of a tower's patches. */
export interface PatchSizes {
  readonly patch_size: number
  readonly spatial_merge_size: number
  readonly temporal_patch_size: number
}

type Triple = readonly [number, number, number]

/** What is not in the file. */
export interface QwenProcessorOptions {
  /** Defaults to that of the image processor. */
  readonly place?: ProcessorPlace
  /** Minimum and maximum number of pixels. Defaults to Qwen2-VL's. */
  readonly pixels?: readonly [least: number, most: number]
  /** Mean and standard deviation of colours. Defaults to CLIP's. */
  readonly centre?: readonly [mean: Triple, std: Triple]
}

/** Settings of Qwen2-VL's image processor. Numbers of pixels are limits of a picture, or of all frames of a clip. */
export interface QwenProcessor {
  readonly mean: [number, number, number]
  readonly std: [number, number, number]
  readonly minPixels: number
  readonly maxPixels: number
}

/**
 * Reads a checkpoint's image processor; defaults to Qwen2-VL's values. Throws `model-unsupported` for steps that this processor does not have.
 */
export async function readQwenProcessor(directory: string, vision: PatchSizes, options: QwenProcessorOptions = {}): Promise<QwenProcessor> {
  const { place, pixels: limits = [DEFAULT_MIN_PIXELS, DEFAULT_MAX_PIXELS], centre = [CLIP_MEAN, CLIP_STD] } = options
  const { path, settings: processor } = await readProcessor(directory, processorSchema, place)
  const refuse = (field: string, found: unknown, accepted: unknown) => {
    throw new TarsierError('model-unsupported', `${path}: ${field} is ${String(found)}; supported: ${String(accepted)}.`, {
      details: { field },
    })
  }
  const expected = {
    patch_size: vision.patch_size,
    merge_size: vision.spatial_merge_size,
    temporal_patch_size: vision.temporal_patch_size,
    resample: BICUBIC,
  } as const
  for (const [field, accepted] of Object.entries(expected)) {
    const found = processor[field as keyof typeof expected]
    if (found !== undefined && found !== null && found !== accepted) refuse(field, found, accepted)
  }
  for (const field of ['do_resize', 'do_rescale', 'do_normalize'] as const) {
    if (processor[field] === false) refuse(field, false, true)
  }
  const factor = processor.rescale_factor ?? 1 / 255
  if (Math.abs(factor * 255 - 1) > 1e-9) refuse('rescale_factor', factor, '1/255')
  const std = processor.image_std ?? [...centre[1]]
  if (std.some((value) => value <= 0)) refuse('image_std', std.join(', '), 'three numbers above zero')
  const minPixels = processor.min_pixels ?? processor.size?.shortest_edge ?? limits[0]
  const maxPixels = processor.max_pixels ?? processor.size?.longest_edge ?? limits[1]
  if (minPixels > maxPixels) refuse('min_pixels', minPixels, `at most max_pixels (${maxPixels})`)
  return { mean: processor.image_mean ?? [...centre[0]], std, minPixels, maxPixels }
}
