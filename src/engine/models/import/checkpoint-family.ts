import type { TensorSource } from '../../formats/tensor-source.ts'
import { readConfigFile } from './checkpoint-config.ts'
import { isLlavaConfig } from './llava-config.ts'
import { readLlavaParts } from './llava-parts.ts'
import type { ModelParts, ModelWishes } from './model-parts.ts'
import { readQwen2VlParts } from './qwen2-vl-parts.ts'

/** Reads a checkpoint folder of any family that is known. Throws `model-unsupported` for others, `model-damaged`, `model-mismatch`. */
export async function readModelParts(directory: string, source: TensorSource, wishes: ModelWishes): Promise<ModelParts> {
  const config = await readConfigFile(directory)
  if (isLlavaConfig(config)) return await readLlavaParts(directory, config, source, wishes)
  return await readQwen2VlParts(directory, source, wishes)
}
