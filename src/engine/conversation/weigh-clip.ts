import type { DevicesUsed } from '../../shared/engine-events.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { contextOnGpu, type Offload } from '../estimate/gpu-share.ts'
import { refusalOf } from '../estimate/refusal.ts'
import { fitClip, type RunBeside, type RunHeld, type RunLimits, type Scales, type Weight, weigh } from '../estimate/scales.ts'
import type { Language } from '../language/types.ts'
import { memoryLimit, ownMemory } from '../memory-limit.ts'
import type { MemoryNeeded } from '../models/memory-needed.ts'
import type { PreparedClip } from './prepared-clip.ts'

/**
 * Weighs a clip that nothing was decoded of yet. One that does not fit gets smaller settings where its request allows that; otherwise
 * `refusal` says why it must not run.
 */
export function weighClip(
  clip: PreparedClip,
  scales: Scales,
  beside: RunBeside,
  limits: RunLimits,
): { readonly weight: Weight; readonly refusal: TarsierError | null } {
  const asked = clip.settings
  const weight = weigh(scales, clip.info, asked, beside, limits)
  if (weight.lacking === null) return { weight, refusal: null }
  const fitting = fitClip(scales, clip.info, asked, beside, limits, 'count' in clip.request.frames)
  if (fitting === null || !clip.request.fit) {
    return { weight, refusal: refusalOf(weight, { wanted: asked, fitting, beside, limits }) }
  }
  clip.fit(fitting)
  return { weight: weigh(scales, clip.info, clip.settings, beside, limits), refusal: null }
}

/** Which parts are on a GPU while the language model is loaded, and the tower once it was needed. */
export function offloadOf({ vision }: DevicesUsed, { gpuLayers, layers }: Pick<Language, 'gpuLayers' | 'layers'>): Offload {
  return { layers: gpuLayers, of: layers, vision: vision !== 'cpu' && vision !== 'not needed' }
}

/** What a run need not find memory for, because it is there already; nothing of the machine's where its limit is `given`. */
export function heldParts({ vision }: DevicesUsed, hasContext: boolean, given: Partial<RunLimits> | undefined): RunHeld {
  const parts = new Set<keyof MemoryNeeded>(['program', 'languageWeights'])
  if (vision !== 'not needed') parts.add('visionWeights')
  if (hasContext) parts.add('languageBuffers').add('visionBuffers')
  return { parts, own: given?.memory === undefined ? ownMemory() : 0 }
}

/**
 * Bytes of memory that a run may take. `held` are the bytes of the context that there is: a larger one is opened once it was given back, and so
 * its part on a GPU counts as free. `given` takes the place of what the machine says.
 */
export async function memoryLimits(
  language: Pick<Language, 'freeGpuMemory'>,
  { held, offload, given }: { held: number; offload: Offload; given: Partial<RunLimits> | undefined },
): Promise<Omit<RunLimits, 'context'>> {
  const memory = given?.memory ?? memoryLimit()
  if (offload.layers === 0 && !offload.vision) return { memory, gpu: Number.POSITIVE_INFINITY }
  const free = given?.gpu ?? (await language.freeGpuMemory())
  return { memory, gpu: free === null ? Number.POSITIVE_INFINITY : free + contextOnGpu(held, offload) }
}
