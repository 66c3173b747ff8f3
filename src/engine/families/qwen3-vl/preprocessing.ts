import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import { CLIPS, readProcessor } from '../../checkpoint/processor-settings.ts'
import { type PatchSizes, readQwenProcessor } from '../../checkpoint/qwen-processor.ts'

/** The maximum that the model's authors recommend for pictures. With the image processor's own, attention over a photo would need tens of gigabytes. */
const PICTURE_MAX_PIXELS = 1280 * 32 * 32
/** Defaults of the video processor, for files without these settings. */
const CLIP_PIXELS = [128 * 32 * 32, 768 * 32 * 32] as const
const CENTRE = [
  [0.5, 0.5, 0.5],
  [0.5, 0.5, 0.5],
] as const
/** Frames of a clip per second, for files without this setting. */
export const FRAMES_PER_SECOND = 2
const MIN_FRAMES = 4

const ratesSchema = z.object({ fps: z.number().positive().nullish(), min_frames: z.int().nullish() })

/** Settings of Qwen3-VL's processors, and the frames per second that they take of a clip. */
export interface Qwen3VlProcessors {
  readonly preprocessing: Qwen3VlManifest['preprocessing']
  readonly perSecond: number
}

/** Reads the settings of the image processor and the video processor. Throws `model-unsupported` for steps that these processors do not have. */
export async function readPreprocessing(directory: string, vision: PatchSizes): Promise<Qwen3VlProcessors> {
  const { mean, std, minPixels, maxPixels } = await readQwenProcessor(directory, vision)
  const clips = await readQwenProcessor(directory, vision, { place: CLIPS, pixels: CLIP_PIXELS, centre: CENTRE })
  const { path, settings } = await readProcessor(directory, ratesSchema, CLIPS)
  const refuse = (what: string) => new TarsierError('model-unsupported', `${path}: ${what}.`)
  if ([...mean, ...std].join() !== [...clips.mean, ...clips.std].join())
    throw refuse('image_mean and image_std differ from those of the image processor, which is not supported')
  const least = settings.min_frames ?? MIN_FRAMES
  if (least !== MIN_FRAMES) throw refuse(`min_frames is ${least}; supported: ${MIN_FRAMES}`)
  return {
    preprocessing: {
      mean,
      std,
      ...pictureLimits(minPixels, maxPixels),
      clipMinPixels: clips.minPixels,
      clipMaxPixels: clips.maxPixels,
    },
    perSecond: settings.fps ?? FRAMES_PER_SECOND,
  }
}

/** Limits of a frame alone, from those of the image processor. */
export function pictureLimits(minPixels: number, maxPixels: number): Pick<Qwen3VlManifest['preprocessing'], 'minPixels' | 'maxPixels'> {
  return { minPixels, maxPixels: Math.max(minPixels, Math.min(maxPixels, PICTURE_MAX_PIXELS)) }
}
