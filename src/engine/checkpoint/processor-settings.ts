import { join } from 'node:path'
import { z } from 'zod'
import { checkFields, readJsonFile } from '../formats/checked-json.ts'

/** CLIP's normalization constants, which Qwen2-VL and LLaVA also use. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const
/** Pillow's value of the resampling filter. */
export const BICUBIC = 3

/**
 * Reads a checkpoint's image processor settings from their own file or (transformers 5) from the processor's file; if there are none, returns
 * the schema's defaults. `path` is the file that contains them.
 */
export async function readProcessor<Schema extends z.ZodObject>(
  directory: string,
  schema: Schema,
): Promise<{ path: string; settings: z.output<Schema> }> {
  const contain = { huggingFaceCache: true }
  const path = join(directory, 'preprocessor_config.json')
  const own = await readJsonFile(directory, 'preprocessor_config.json', contain)
  if (own !== null) return { path, settings: checkFields(own, schema, path) }
  const wholePath = join(directory, 'processor_config.json')
  const whole = await readJsonFile(directory, 'processor_config.json', contain)
  if (whole === null) return { path, settings: checkFields({}, schema, path) }
  const { image_processor } = checkFields(whole, z.object({ image_processor: z.unknown().optional() }), wholePath)
  return { path: wholePath, settings: checkFields(image_processor ?? {}, schema, wholePath) }
}
