import type { Sampling } from '../../shared/sampling.ts'
import type { RunSettings } from './run-settings.ts'

/** Returns the sampling parameters as settings of a run. A random seed is not a setting. */
export function describeSettings({ maxTokens, temperature, topP, topK, repeatPenalty, seed, stop }: Sampling): RunSettings {
  return {
    'max-tokens': maxTokens,
    temperature,
    'top-p': topP,
    'top-k': topK,
    'repeat-penalty': repeatPenalty,
    seed: seed ?? null,
    stop: [...stop],
  }
}
