import type { Fitted } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import { megabytesText } from '../../shared/size-text.ts'
import type { ClipSettings } from './fit.ts'
import type { RunBeside, RunLimits, Weight } from './scales.ts'

/** Why a run would not fit, with the numbers and what would: `context-full` or `out-of-memory`; null where it fits. */
export function refusalOf(
  weight: Weight,
  { wanted, fitting, beside, limits }: { wanted: ClipSettings; fitting: ClipSettings | null; beside: RunBeside; limits: RunLimits },
): TarsierError | null {
  const details = { ...(fitting && { frames: fitting.frames, ...(fitting.maxPixels !== undefined && { maxPixels: fitting.maxPixels }) }) }
  const way = fitting ? ` It fits with ${inWords(fitting, wanted)}.` : ''
  switch (weight.lacking) {
    case null:
      return null
    case 'context':
      return new TarsierError(
        'context-full',
        `The conversation needs ${weight.visualTokens + beside.pictures} tokens of pictures and ${beside.text} of text, and the model holds ${limits.context} in all.${way || ' Use fewer frames or fewer pixels per frame, or start over.'}`,
        { details: { visual: weight.visualTokens + beside.pictures, text: beside.text, limit: limits.context, ...details } },
      )
    case 'memory':
      return new TarsierError(
        'out-of-memory',
        `This needs ${megabytesText(weight.further)} of memory, and ${megabytesText(limits.memory)} are free.${way || ' Close other programs, or use a smaller model.'}`,
        { details: { needed: weight.further, available: Math.floor(limits.memory), ...details } },
      )
    case 'gpu':
      return new TarsierError(
        'out-of-memory',
        `This needs ${megabytesText(weight.gpu.further)} more of the GPU's memory, and ${megabytesText(limits.gpu)} are free.${way || ' Close other programs, choose the CPU as the device, or use a smaller model.'}`,
        { details: { gpuNeeded: weight.gpu.further, gpuAvailable: Math.floor(limits.gpu), ...details } },
      )
  }
}

/** Settings for people; what is as wanted is left out. */
function inWords(settings: ClipSettings, wanted: ClipSettings): string {
  const parts = []
  if (settings.frames !== wanted.frames) parts.push(`${settings.frames} frames instead of ${wanted.frames}`)
  if (settings.maxPixels !== wanted.maxPixels) parts.push(`at most ${settings.maxPixels} pixels a frame`)
  return parts.join(' and ')
}

/** The sentence that goes with an answer about a clip that was made to fit. */
export function fittedNotice({ frames, maxPixels, from }: Fitted): string {
  const settings = { frames, maxPixels: maxPixels ?? undefined }
  const asked = { frames: from.frames, maxPixels: from.maxPixels ?? undefined }
  return `To fit, the clip was looked at with ${inWords(settings, asked)}.`
}
