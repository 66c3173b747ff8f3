import { resolve } from 'node:path'
import type { ClipRequest, EngineOptions, ModelInfo } from '../engine/engine-client.ts'
import { tarsierHome } from '../platform/home.ts'
import type { ClipRange, FrameRequest } from '../shared/frame-request.ts'
import { type Sampling, samplingSchema } from '../shared/sampling.ts'
import type { AnswerOptions, ClipOptions } from './options.ts'

type Defaults = ModelInfo['defaults']

/** Returns the home folder of a command. */
export function homeOf(options: { readonly home?: string }): string {
  return options.home === undefined ? tarsierHome() : resolve(options.home)
}

export function engineOptions(options: ClipOptions): EngineOptions {
  const { model, device, cache, untested = false } = options
  return { model, device, home: homeOf(options), cache, untested }
}

/** Returns the frame request: the given options, with the model's defaults for the rest. */
export function frameRequest(options: ClipOptions, defaults: Defaults): FrameRequest {
  if (options.at) return { kind: 'times', times: options.at }
  const { start, end } = options
  const range: ClipRange = { unit: 'seconds', ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
  return {
    kind: options.sampler ?? defaults.frames.kind,
    count: options.frames ?? defaults.frames.count,
    ...((start !== undefined || end !== undefined) && { range }),
  }
}

export function clipRequest(path: string, options: ClipOptions, defaults: Defaults): ClipRequest {
  return { path: resolve(path), frames: frameRequest(options, defaults), maxPixels: options.maxPixels }
}

export function samplingOf(options: AnswerOptions, defaults: Pick<Defaults, 'generation'>): Sampling {
  const { maxTokens, temperature, topP } = defaults.generation
  return samplingSchema.parse({
    maxTokens: options.maxTokens ?? maxTokens,
    temperature: options.temperature ?? temperature,
    topP: options.topP ?? topP,
    topK: options.topK,
    repeatPenalty: options.repeatPenalty,
    seed: options.seed,
    stop: options.stop,
  })
}
