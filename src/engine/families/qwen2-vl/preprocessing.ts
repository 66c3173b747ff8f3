import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { readQwenProcessor } from '../../checkpoint/qwen-processor.ts'
import type { Qwen2VlVisionConfig } from './vision-config.ts'

/** Tarsier2's limits before the image processor, which are not in any file of a checkpoint. */
export const FRAME_MAX_PIXELS = (1280 * 720) / 2
export const CLIP_MAX_PIXELS = 128 * 384 * 384

/** Reads the manifest's preprocessing from the checkpoint's image processor. Throws as {@link readQwenProcessor}. */
export async function readPreprocessing(directory: string, vision: Qwen2VlVisionConfig): Promise<Tarsier2Manifest['preprocessing']> {
  return { ...(await readQwenProcessor(directory, vision)), frameMaxPixels: FRAME_MAX_PIXELS, clipMaxPixels: CLIP_MAX_PIXELS }
}
