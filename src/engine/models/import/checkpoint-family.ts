import type { TensorSource } from '../types.ts'
import type { ModelParts, ModelWishes } from './model-parts.ts'
import { readQwen2VlParts } from './qwen2-vl-parts.ts'

/** Reads a checkpoint folder of any family that is known. Throws `model-unsupported` for others, `model-damaged`, `model-mismatch`. */
export async function readModelParts(directory: string, source: TensorSource, wishes: ModelWishes): Promise<ModelParts> {
  return await readQwen2VlParts(directory, source, wishes)
}
