import { join } from 'node:path'
import { z } from 'zod'
import { checkFields, readJsonFile } from '../formats/checked-json.ts'

/** CLIP's normalization constants, which Qwen2-VL and LLaVA also use. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const
/** Pillow's value of the resampling filter. */
export const BICUBIC = 3

/** Where settings of a processor are: a file of their own, or a field of the processor's file (transformers 5). */
export interface ProcessorPlace {
  readonly file: string
  readonly field: string
}

const PICTURES: ProcessorPlace = { file: 'preprocessor_config.json', field: 'image_processor' }
export const CLIPS: ProcessorPlace = { file: 'video_preprocessor_config.json', field: 'video_processor' }

/**
 * Reads a checkpoint's settings of a processor; if there are none, returns the schema's defaults. `path` is the file that contains them.
 * @param place defaults to that of the image processor
 */
export async function readProcessor<Schema extends z.ZodObject>(
  directory: string,
  schema: Schema,
  { file, field }: ProcessorPlace = PICTURES,
): Promise<{ path: string; settings: z.output<Schema> }> {
  const contain = { huggingFaceCache: true }
  const path = join(directory, file)
  const own = await readJsonFile(directory, file, contain)
  if (own !== null) return { path, settings: checkFields(own, schema, path) }
  const wholePath = join(directory, 'processor_config.json')
  const whole = await readJsonFile(directory, 'processor_config.json', contain)
  if (whole === null) return { path, settings: checkFields({}, schema, path) }
  const fields = checkFields(whole, z.looseObject({}), wholePath)
  return { path: wholePath, settings: checkFields(fields[field] ?? {}, schema, wholePath) }
}
