import type { DevicesUsed } from '../../shared/engine-events.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { refusalOf } from '../estimate/refusal.ts'
import { fitClip, type RunBeside, type RunLimits, type Scales, type Weight, weigh } from '../estimate/scales.ts'
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

/** What a run need not find memory for: it is there already, or in a GPU. */
export function heldParts({ vision, language }: DevicesUsed, hasContext: boolean): ReadonlySet<keyof MemoryNeeded> {
  const held = new Set<keyof MemoryNeeded>(['program'])
  if (vision !== 'not needed') held.add('visionWeights')
  if (language !== 'cpu') held.add('languageWeights').add('context')
  if (hasContext) held.add('buffers')
  return held
}
