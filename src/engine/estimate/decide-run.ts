import type { Fitted } from '../../shared/engine-events.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { phrase } from '../../shared/phrase.ts'
import { counted, grouped, megabytesText } from '../../shared/size-text.ts'
import { estimateRun, fittingSettings, type Lacking, MIN_ANSWER, type RunEstimate, type RunRequest } from './estimate-run.ts'
import type { ClipSettings } from './fit-settings.ts'

/** Tokens of a short question: with fewer left, not the question is too long but everything before it. */
const SHORT_QUESTION = 64

export interface RunDecision {
  /** Settings for the run: the requested ones, or smaller ones if allowed. */
  readonly settings: ClipSettings
  /** Resources needed with these settings. */
  readonly estimate: RunEstimate
  /** The error that prevents the run; null if it may run. */
  readonly refusal: TarsierError | null
}

/** Decides whether a run may start. If it does not fit, reduces its settings with `mayShrink`, otherwise refuses it and names settings that fit. */
export function decideRun(request: RunRequest, { mayShrink }: { mayShrink: boolean }): RunDecision {
  const { settings } = request
  const estimate = estimateRun(request)
  if (estimate.lacking === null) return { settings, estimate, refusal: null }
  const fitting = fittingSettings(request)
  if (fitting && mayShrink) return { settings: fitting, estimate: estimateRun(request, fitting), refusal: null }
  return { settings, estimate, refusal: refusalOf(request, { ...estimate, lacking: estimate.lacking }, fitting) }
}

/** Creates the `too-many-frames`, `context-full` or `out-of-memory` error, with the numbers. */
function refusalOf(
  { costs, settings, text, otherClips, question, answer, contextLimit, memory: { limits } }: RunRequest,
  { lacking, visualTokens, further, gpu }: RunEstimate & { readonly lacking: Lacking },
  fitting: ClipSettings | null,
): TarsierError {
  const details = { ...(fitting && { frames: fitting.frames, ...(fitting.maxPixels !== undefined && { maxPixels: fitting.maxPixels }) }) }
  const advice = (otherwise: string) => (fitting ? `It fits with ${settingsText(fitting, settings)}.` : otherwise)
  switch (lacking) {
    case 'frames':
      return tooManyFrames(costs.maxFrames, settings.frames, advice('Use fewer frames.'), details)
    case 'context': {
      const left = question === undefined ? 0 : contextLimit - visualTokens - otherClips - (text - question) - Math.min(answer, MIN_ANSWER)
      if (question !== undefined && left >= SHORT_QUESTION) {
        const shorter = fitting ? `Shorten it, or use ${settingsText(fitting, settings)}.` : 'Shorten it.'
        return new TarsierError(
          'context-full',
          `The question has about ${grouped(question)} tokens, but only ${grouped(left)} fit beside the clip and the conversation. ${shorter}`,
          { details: { question, left, limit: contextLimit, ...details } },
        )
      }
      return new TarsierError(
        'context-full',
        `The conversation needs ${grouped(visualTokens + otherClips)} visual and ${grouped(text)} text tokens, but the model's limit is ${grouped(contextLimit)} tokens. ${advice('Use fewer frames or fewer pixels per frame, or start a new conversation.')}`,
        { details: { visual: visualTokens + otherClips, text, limit: contextLimit, ...details } },
      )
    }
    case 'memory':
      return new TarsierError(
        'out-of-memory',
        `This needs ${megabytesText(further)} of memory, but only ${megabytesText(limits.memory)} are free. ${advice('Close other programs, or use a smaller model.')}`,
        { details: { needed: further, available: Math.floor(limits.memory), ...details } },
      )
    case 'gpu':
      return new TarsierError(
        'out-of-memory',
        `This needs ${megabytesText(gpu.further)} more GPU memory, but only ${megabytesText(limits.gpu)} are free. ${advice('Close other programs, choose the CPU as the device, or use a smaller model.')}`,
        { details: { gpuNeeded: gpu.further, gpuAvailable: Math.floor(limits.gpu), ...details } },
      )
    default:
      return assertNever(lacking, 'limit')
  }
}

/** Creates the error for a clip with more frames than the model's manifest allows. */
export function tooManyFrames(limit: number, frames: number, advice: string, details: Readonly<Record<string, number>>): TarsierError {
  const message = `The model takes at most ${counted(limit, 'frame')} of a clip, and ${frames} were requested. ${advice}`
  return new TarsierError('too-many-frames', message, { details: { limit, ...details } })
}

/** Describes settings in words, leaving out those that equal the requested ones. */
function settingsText({ frames, maxPixels }: ClipSettings, wanted: ClipSettings): string {
  const pixels = maxPixels === wanted.maxPixels ? undefined : maxPixels
  if (pixels === undefined) return phrase`${frames} frames instead of ${wanted.frames}`
  if (frames === wanted.frames) return phrase`at most ${pixels} pixels per frame`
  return phrase`${frames} frames instead of ${wanted.frames} and at most ${pixels} pixels per frame`
}

/** Notice for an answer about a clip whose settings were reduced to fit. */
export function fittedNotice({ frames, maxPixels, from }: Fitted): string {
  const settings = { frames, maxPixels: maxPixels ?? undefined }
  const requested = { frames: from.frames, maxPixels: from.maxPixels ?? undefined }
  return `To fit the limits, the clip was processed with ${settingsText(settings, requested)}.`
}
