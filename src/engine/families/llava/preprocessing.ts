import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import { BICUBIC, CLIP_MEAN, CLIP_STD, readProcessor } from '../../checkpoint/processor-settings.ts'
import type { ClipTowerConfig } from './tower-config.ts'

const side = z.int().positive().max(8192)
const square = z.object({ height: side, width: side })
const triple = z.tuple([z.number(), z.number(), z.number()])
const processorSchema = z.object({
  size: z.union([side, z.object({ shortest_edge: side }), square]).nullish(),
  crop_size: z.union([side, square]).nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
  rescale_factor: z.number().nullish(),
  resample: z.int().nullish(),
  do_resize: z.boolean().nullish(),
  do_center_crop: z.boolean().nullish(),
  do_rescale: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
  /** Newer LLaVA processors pad to a square with the mean colour. */
  do_pad: z.boolean().nullish(),
  do_image_padding: z.boolean().nullish(),
})

/**
 * Reads the manifest's preprocessing from CLIP's image processor; defaults to CLIP's values and the tower's size. Tarsier stretches frames
 * to a square first, unless they are padded (`do_image_padding`, in config.json or here); LLaVA pads (`do_pad`) or only crops. Throws
 * `model-unsupported` for other steps.
 * @param padding value in config.json
 */
export async function readClipPreprocessing(
  directory: string,
  tower: ClipTowerConfig,
  padding: boolean | undefined,
): Promise<TarsierManifest['preprocessing']> {
  const { path, settings } = await readProcessor(directory, processorSchema)
  const refuse = (field: string, found: unknown, accepted: unknown) => {
    throw new TarsierError('model-unsupported', `${path}: ${field} is ${String(found)}; supported: ${String(accepted)}.`, {
      details: { field },
    })
  }
  const { image_size: picture } = tower.vision
  for (const field of ['do_resize', 'do_rescale', 'do_normalize'] as const) if (settings[field] === false) refuse(field, false, true)
  if ((settings.resample ?? BICUBIC) !== BICUBIC) refuse('resample', settings.resample, BICUBIC)
  const factor = settings.rescale_factor ?? 1 / 255
  if (Math.abs(factor * 255 - 1) > 1e-9) refuse('rescale_factor', factor, '1/255')
  const std = settings.image_std ?? [...CLIP_STD]
  if (std.some((value) => value <= 0)) refuse('image_std', std.join(', '), 'three numbers above zero')

  const padded = padding ?? settings.do_image_padding ?? settings.do_pad ?? false
  const separated = tower.rowSeparator !== null
  const squared = padded ? 'pad' : separated ? 'stretch' : 'crop'
  const size = settings.size ?? picture
  const sides = typeof size === 'number' ? [size] : 'shortest_edge' in size ? [size.shortest_edge] : [size.height, size.width]
  const [shortestSide = picture] = sides
  if (sides.some((length) => length !== shortestSide) || (sides.length > 1 && squared === 'crop'))
    refuse('size', sides.join(' by '), 'the length of the shorter side (shortest_edge)')
  const crops = settings.do_center_crop ?? true
  const crop = settings.crop_size ?? picture
  const cropped = crops ? (typeof crop === 'number' ? [crop] : [crop.height, crop.width]) : [shortestSide]
  if (cropped.some((length) => length !== picture))
    refuse(crops ? 'crop_size' : 'size', cropped.join(' by '), `the tower's image_size (${picture})`)
  if (!crops && squared === 'crop') refuse('do_center_crop', false, 'true for pictures that are not square')
  if (shortestSide < picture) refuse('size', shortestSide, `at least the tower's image_size (${picture})`)
  return { mean: settings.image_mean ?? [...CLIP_MEAN], std, square: squared, shortestSide }
}
