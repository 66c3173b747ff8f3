import { EXACT_COSINE, type FastestPrecision } from '../engine/vision/fastest-precision.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'

/**
 * A sentence about the fastest precision of a vision tower on this machine's CPU.
 * @param vision the tower of an imported model, whose rows were compared with those of f32. Defaults to none, before an import
 */
export function visionAdvice(
  { precision, time, exact }: FastestPrecision,
  vision?: Pick<ModelManifest['vision'], 'precision' | 'error'>,
): string {
  const share = `about ${Math.round(time * 100)} % of the time of ${exact}`
  if (vision?.precision !== precision)
    return `On the CPU of this machine --vision ${precision} is fastest: ${share} for a picture. The import measures its cosine to f32, which should be at least ${EXACT_COSINE}; GPUs need ${exact} or f32.`
  if (vision.error !== undefined && vision.error.cosine < EXACT_COSINE)
    return `${precision} is fastest on the CPU of this machine, with ${share} for a picture, but its cosine is below ${EXACT_COSINE}: for the rows of f32 import with --vision ${exact}.`
  return `${precision} is fastest on the CPU of this machine, with ${share} for a picture.`
}
